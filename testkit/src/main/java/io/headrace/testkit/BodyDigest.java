package io.headrace.testkit;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 of a request's body, byte for byte as it was received. */
record BodyDigest(long a, long b, long c, long d) {

    private static final ThreadLocal<MessageDigest> SHA_256 = ThreadLocal.withInitial(BodyDigest::sha256);

    static BodyDigest of(byte[] body) {
        ByteBuffer sha = ByteBuffer.wrap(SHA_256.get().digest(body));
        return new BodyDigest(sha.getLong(), sha.getLong(), sha.getLong(), sha.getLong());
    }

    String hex() {
        HexFormat hex = HexFormat.of();
        return hex.toHexDigits(a) + hex.toHexDigits(b) + hex.toHexDigits(c) + hex.toHexDigits(d);
    }

    static BodyDigest ofHex(String hex) {
        if (hex.length() != 64) {
            throw new IllegalArgumentException("a SHA-256 digest has 64 hex digits, this has " + hex.length());
        }
        return new BodyDigest(
                HexFormat.fromHexDigitsToLong(hex, 0, 16),
                HexFormat.fromHexDigitsToLong(hex, 16, 32),
                HexFormat.fromHexDigitsToLong(hex, 32, 48),
                HexFormat.fromHexDigitsToLong(hex, 48, 64));
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
