package io.headrace.batch;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.headrace.ApiException;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Fingerprint;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Reads the content of one record, whose checksum is right, in the order in which {@link RecordWriter} wrote it. Not thread-safe. */
final class RecordReader {

    private final byte[] source;
    private final int type;
    private int at;

    RecordReader(byte[] source) {
        this.source = source;
        this.type = (int) number();
    }

    int type() {
        return type;
    }

    /** Bytes of the content. */
    int length() {
        return source.length;
    }

    /** Whether anything is left: a later version may have written more. */
    boolean hasMore() {
        return at < source.length;
    }

    long number() {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = source[at++];
            value |= (long) (next & 0x7F) << shift;
            if (next >= 0) {
                return value;
            }
        }
    }

    int integer() {
        return (int) number();
    }

    long fixed64() {
        long value = 0;
        for (int i = 0; i < 8; i++) {
            value = (value << 8) | (source[at++] & 0xFF);
        }
        return value;
    }

    boolean isAtEnd() {
        return at == source.length;
    }

    boolean flag() {
        return number() != 0;
    }

    @Nullable
    String textOrNull() {
        int length = integer() - 1;
        if (length < 0) {
            return null;
        }
        at += length;
        return new String(source, at - length, length, UTF_8);
    }

    String text() {
        return Objects.requireNonNull(textOrNull(), "text");
    }

    Fingerprint fingerprint() {
        return new Fingerprint(fixed64(), fixed64(), fixed64(), fixed64());
    }

    Cost cost() {
        long unknown = number();
        int scale = (int) (number() - (1L << 31));
        int length = integer();
        at += length;
        return new Cost(new BigDecimal(new BigInteger(Arrays.copyOfRange(source, at - length, at)), scale), unknown);
    }

    /** As it was when it was written, but for its cause and a wait that the server asked for. */
    ApiException error() {
        return ApiException.builder(ErrorKind.ofLabel(text()), text())
                .delivery(Delivery.valueOf(text()))
                .isTransient(flag())
                .status(integer())
                .requestId(textOrNull())
                .build();
    }
}
