package io.headrace.cache;

import io.headrace.Cost;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * The bytes of a {@link CacheEntry}, the same in every store: a version, fields with their lengths, and a CRC-32C over them
 * and over the fingerprint and sample under which the entry is filed, so that neither a damaged entry nor one read under
 * another key passes for an answer.
 */
public final class CacheEntryCodec {

    private static final byte VERSION = 1;

    /** The same with tokens written to a provider's prompt cache; written only where there are any. */
    private static final byte VERSION_WITH_CACHE_WRITES = 2;

    /** All that, and the namespace; written only where there is one. */
    private static final byte VERSION_WITH_NAMESPACE = 3;

    private static final byte TRUNCATED = 1;

    /** Version, flags, time, up to seven counts of usage, unknown costs, scale, six lengths or counts, checksum. */
    private static final int FIXED_BYTES = 2 + 9 * Long.BYTES + 7 * Integer.BYTES;

    private CacheEntryCodec() {}

    /** How many bytes {@link #encode} makes of {@code entry}. */
    static int bytes(CacheEntry entry) {
        int size = fixedBytes(version(entry))
                + entry.cost().usd().unscaledValue().toByteArray().length
                + utf8Length(entry.model())
                + utf8Length(entry.namespace())
                + entry.answer().length;
        for (CallKey.FieldDigest field : entry.fields()) {
            size += Integer.BYTES + utf8Length(field.field()) + Long.BYTES;
        }
        return size;
    }

    /** The bytes of {@code entry}, to be filed under {@code fingerprint} and {@code sample}. */
    public static byte[] encode(Fingerprint fingerprint, int sample, CacheEntry entry) {
        byte[] usd = entry.cost().usd().unscaledValue().toByteArray();
        byte[] model = entry.model().getBytes(StandardCharsets.UTF_8);
        byte[] namespace = entry.namespace().getBytes(StandardCharsets.UTF_8);
        byte[][] names = new byte[entry.fields().size()][];
        byte version = version(entry);
        int size = fixedBytes(version) + usd.length + model.length + namespace.length + entry.answer().length;
        for (int i = 0; i < names.length; i++) {
            names[i] = entry.fields().get(i).field().getBytes(StandardCharsets.UTF_8);
            size += Integer.BYTES + names[i].length + Long.BYTES;
        }
        ByteBuffer to = ByteBuffer.allocate(size);
        to.put(version).put(entry.truncated() ? TRUNCATED : 0);
        to.putLong(entry.storedAt().toEpochMilli());
        write(entry.usage(), version, to);
        to.putLong(entry.cost().unknown()).putInt(entry.cost().usd().scale());
        write(usd, to);
        write(model, to);
        if (version == VERSION_WITH_NAMESPACE) {
            write(namespace, to);
        }
        to.putInt(names.length);
        for (int i = 0; i < names.length; i++) {
            write(names[i], to);
            to.putLong(entry.fields().get(i).digest());
        }
        write(entry.answer(), to);
        to.putInt(checksum(fingerprint, sample, to.array(), to.position()));
        return to.array();
    }

    /**
     * The entry in {@code bytes}.
     *
     * @throws IllegalArgumentException if they are not what {@link #encode} wrote for this fingerprint and sample, saying why;
     *     the message holds nothing of the content
     */
    public static CacheEntry decode(Fingerprint fingerprint, int sample, byte[] bytes) {
        int length = bytes.length - Integer.BYTES;
        if (length < 1) {
            throw new IllegalArgumentException("the entry is cut: " + bytes.length + " bytes");
        }
        ByteBuffer from = ByteBuffer.wrap(bytes, 0, length);
        if (ByteBuffer.wrap(bytes).getInt(length) != checksum(fingerprint, sample, bytes, length)) {
            throw new IllegalArgumentException("the checksum of the entry is wrong");
        }
        byte version = from.get();
        if (version < VERSION || version > VERSION_WITH_NAMESPACE) {
            throw new IllegalArgumentException(
                    "the entry has format " + version + ", this version reads those up to " + VERSION_WITH_NAMESPACE);
        }
        try {
            CacheEntry entry = read(from, version);
            if (from.hasRemaining()) {
                throw new IllegalArgumentException("the entry is longer than its fields");
            }
            return entry;
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException("the entry is shorter than its fields", e);
        }
    }

    private static int fixedBytes(byte version) {
        return FIXED_BYTES
                - (version == VERSION ? 2 * Long.BYTES : 0)
                - (version == VERSION_WITH_NAMESPACE ? 0 : Integer.BYTES);
    }

    private static int utf8Length(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    /** The oldest that holds the entry. */
    private static byte version(CacheEntry entry) {
        if (!entry.namespace().isEmpty()) {
            return VERSION_WITH_NAMESPACE;
        }
        return entry.usage().cacheWriteTokens() == 0 ? VERSION : VERSION_WITH_CACHE_WRITES;
    }

    private static CacheEntry read(ByteBuffer from, byte version) {
        boolean truncated = (from.get() & TRUNCATED) != 0;
        Instant storedAt = Instant.ofEpochMilli(from.getLong());
        Usage usage = usage(from, version);
        long unknown = from.getLong();
        int scale = from.getInt();
        Cost cost = new Cost(new BigDecimal(new BigInteger(bytes(from)), scale), unknown);
        String model = text(from);
        String namespace = version == VERSION_WITH_NAMESPACE ? text(from) : "";
        List<CallKey.FieldDigest> fields = new ArrayList<>();
        for (int count = from.getInt(); count > 0; count--) {
            fields.add(new CallKey.FieldDigest(text(from), from.getLong()));
        }
        return new CacheEntry(bytes(from), truncated, usage, cost, model, namespace, storedAt, fields);
    }

    private static Usage usage(ByteBuffer from, byte version) {
        long input = from.getLong();
        long cached = from.getLong();
        long writes = version == VERSION ? 0 : from.getLong();
        long longWrites = version == VERSION ? 0 : from.getLong();
        return new Usage(input, cached, writes, longWrites, from.getLong(), from.getLong(), from.getLong());
    }

    private static void write(Usage usage, byte version, ByteBuffer to) {
        to.putLong(usage.inputTokens()).putLong(usage.cachedInputTokens());
        if (version != VERSION) {
            to.putLong(usage.cacheWriteTokens()).putLong(usage.longCacheWriteTokens());
        }
        to.putLong(usage.outputTokens()).putLong(usage.reasoningTokens()).putLong(usage.unknown());
    }

    private static void write(byte[] bytes, ByteBuffer to) {
        to.putInt(bytes.length).put(bytes);
    }

    private static String text(ByteBuffer from) {
        return new String(bytes(from), StandardCharsets.UTF_8);
    }

    private static byte[] bytes(ByteBuffer from) {
        int length = from.getInt();
        if (length < 0 || length > from.remaining()) {
            throw new IllegalArgumentException("a field of the entry has the impossible length " + length);
        }
        byte[] bytes = new byte[length];
        from.get(bytes);
        return bytes;
    }

    private static int checksum(Fingerprint fingerprint, int sample, byte[] bytes, int length) {
        CRC32C checksum = new CRC32C();
        checksum.update(fingerprint.toBytes());
        for (int shift = Integer.SIZE - 8; shift >= 0; shift -= 8) {
            checksum.update(sample >>> shift);
        }
        checksum.update(bytes, 0, length);
        return (int) checksum.getValue();
    }
}
