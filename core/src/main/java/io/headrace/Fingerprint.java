package io.headrace;

import java.nio.ByteBuffer;
import java.util.HexFormat;

/**
 * SHA-256 of a request in canonical form and of the provider's identity: what a cached answer is filed under and an attempt
 * is logged by. Held as four longs, big-endian, because it is a map key on the hot path.
 */
public record Fingerprint(long a, long b, long c, long d) {

    /** Bytes in a fingerprint. */
    public static final int BYTES = 32;

    /** Stands for a call that has no fingerprint because nothing keyed it. */
    public static final Fingerprint NONE = new Fingerprint(0, 0, 0, 0);

    /**
     * The fingerprint in 32 bytes.
     *
     * @throws IllegalArgumentException for any other length
     */
    public static Fingerprint of(byte[] sha256) {
        if (sha256.length != BYTES) {
            throw new IllegalArgumentException("a fingerprint has 32 bytes, not " + sha256.length);
        }
        ByteBuffer in = ByteBuffer.wrap(sha256);
        return new Fingerprint(in.getLong(), in.getLong(), in.getLong(), in.getLong());
    }

    /**
     * The fingerprint written as 64 hex digits.
     *
     * @throws IllegalArgumentException for anything else
     */
    public static Fingerprint parse(String hex) {
        return of(HexFormat.of().parseHex(hex));
    }

    public byte[] toBytes() {
        return ByteBuffer.allocate(BYTES)
                .putLong(a)
                .putLong(b)
                .putLong(c)
                .putLong(d)
                .array();
    }

    /** 64 lower-case hex digits. */
    @Override
    public String toString() {
        return HexFormat.of().formatHex(toBytes());
    }

    @Override
    public int hashCode() {
        return (int) a;
    }
}
