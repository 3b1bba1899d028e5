package io.headrace;

import java.util.HexFormat;

/**
 * SHA-256 of a request in canonical form and of the provider's identity: what a cached answer is filed under and an attempt
 * is logged by. Two longs more than a byte array: it is a map key on the hot path.
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
        return new Fingerprint(longAt(sha256, 0), longAt(sha256, 8), longAt(sha256, 16), longAt(sha256, 24));
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
        byte[] bytes = new byte[BYTES];
        put(bytes, 0, a);
        put(bytes, 8, b);
        put(bytes, 16, c);
        put(bytes, 24, d);
        return bytes;
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

    private static long longAt(byte[] bytes, int at) {
        long value = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            value = value << 8 | bytes[at + i] & 0xff;
        }
        return value;
    }

    private static void put(byte[] bytes, int at, long value) {
        for (int i = 0; i < Long.BYTES; i++) {
            bytes[at + i] = (byte) (value >>> 56 - 8 * i);
        }
    }
}
