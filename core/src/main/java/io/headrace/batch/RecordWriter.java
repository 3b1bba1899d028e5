package io.headrace.batch;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.headrace.ApiException;
import io.headrace.Cost;
import io.headrace.Fingerprint;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Writes the content of one record: whole numbers of variable length, seven bits a byte, low bits first; texts and money with their
 * length. Read by {@link RecordReader}. Not thread-safe.
 */
final class RecordWriter {

    private byte[] bytes = new byte[256];
    private int at;

    /** Begins a record. */
    RecordWriter(int type) {
        number(type);
    }

    /** The content so far. */
    byte[] bytes() {
        return Arrays.copyOf(bytes, at);
    }

    /** At least 0. */
    RecordWriter number(long value) {
        room(10);
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            bytes[at++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        bytes[at++] = (byte) rest;
        return this;
    }

    RecordWriter fixed64(long value) {
        room(8);
        for (int shift = 56; shift >= 0; shift -= 8) {
            bytes[at++] = (byte) (value >>> shift);
        }
        return this;
    }

    RecordWriter flag(boolean value) {
        return number(value ? 1 : 0);
    }

    RecordWriter text(@Nullable String text) {
        if (text == null) {
            return number(0);
        }
        byte[] utf8 = text.getBytes(UTF_8);
        return number(utf8.length + 1L).raw(utf8);
    }

    RecordWriter fingerprint(Fingerprint fingerprint) {
        return fixed64(fingerprint.a())
                .fixed64(fingerprint.b())
                .fixed64(fingerprint.c())
                .fixed64(fingerprint.d());
    }

    RecordWriter cost(Cost cost) {
        number(cost.unknown());
        byte[] digits = cost.usd().unscaledValue().toByteArray();
        return number(cost.usd().scale() + (1L << 31)).number(digits.length).raw(digits);
    }

    RecordWriter error(ApiException error) {
        return text(error.kind().label())
                .text(error.getMessage())
                .text(error.delivery().name())
                .flag(error.isTransient())
                .number(error.status().orElse(0))
                .text(error.requestId().orElse(null));
    }

    private RecordWriter raw(byte[] source) {
        room(source.length);
        System.arraycopy(source, 0, bytes, at, source.length);
        at += source.length;
        return this;
    }

    private void room(int more) {
        if (bytes.length - at < more) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, at + more));
        }
    }
}
