package io.headrace.cache;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.DigestException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes JSON values in one canonical form straight into a digest, so that values of equal meaning are equal bytes in every
 * process and different ones never are. Object members are sorted by name, arrays keep their order. Every value starts with
 * a tag and every text carries its length, so no two structures run together into the same bytes.
 *
 * <p>Numbers count by value: {@code 1}, {@code 1.0} and {@code 1e0} are one number, as {@code Integer}, {@code Long},
 * {@code Double} or {@code BigDecimal}. An integer of 64 bits is written as such; any other number of up to 17 significant
 * digits as the nearest IEEE double, which is what receivers read; one of more digits exactly.
 *
 * <p>Not thread-safe.
 */
final class CanonicalJson {

    private static final int MAX_DEPTH = 500;
    private static final int DOUBLE_DIGITS = 17;

    private final MessageDigest digest;
    private final byte[] buffer = new byte[256];
    private int used;

    CanonicalJson(MessageDigest digest) {
        this.digest = digest;
    }

    /** Starts an array; its elements follow in order, then {@link #endArray}. */
    CanonicalJson beginArray() {
        return tag('[');
    }

    CanonicalJson endArray() {
        return tag(']');
    }

    /** Starts an object; its members follow as {@link #name} and a value, in the order of their names. */
    CanonicalJson beginObject() {
        return tag('{');
    }

    CanonicalJson endObject() {
        return tag('}');
    }

    /** The name of the next member. The caller keeps the order and leaves out members that are null. */
    CanonicalJson name(String name) {
        return text(name);
    }

    /** A text. One with unpaired surrogates, which UTF-8 cannot hold, is unlike any other too. */
    CanonicalJson text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        if (!new String(utf8, StandardCharsets.UTF_8).equals(text)) {
            return malformedText(text);
        }
        tag('s').int32(utf8.length).bytes(utf8);
        return this;
    }

    CanonicalJson number(long number) {
        return tag('i').int64(number);
    }

    /**
     * @throws IllegalArgumentException for NaN and the infinities, which JSON does not have
     */
    CanonicalJson number(double number) {
        long integer = (long) number;
        if (integer == number && integer != Long.MAX_VALUE) {
            return number(integer);
        }
        if (!Double.isFinite(number)) {
            throw new IllegalArgumentException("not a JSON number: " + number);
        }
        return tag('d').int64(Double.doubleToLongBits(number));
    }

    /**
     * A JSON value: null, {@code String}, {@code Boolean}, a number of {@code java.lang} or {@code java.math}, {@code List},
     * {@code Map} with text as keys. A member that is null counts as absent, an element of an array that is null does not.
     *
     * @throws IllegalArgumentException for any other type, and for nesting deeper than 500
     */
    CanonicalJson value(@Nullable Object json) {
        return value(json, false, 0);
    }

    /**
     * The same, keeping members that are null: for raw JSON whose meaning is not known here, where {@code "const": null} may
     * differ from no {@code "const"}.
     */
    CanonicalJson rawValue(@Nullable Object json) {
        return value(json, true, 0);
    }

    private CanonicalJson value(@Nullable Object json, boolean keepNulls, int depth) {
        if (json == null) {
            return tag('0');
        } else if (json instanceof String text) {
            return text(text);
        } else if (json instanceof Boolean truth) {
            return tag(truth ? 't' : 'f');
        } else if (json instanceof Number number) {
            return number(number);
        } else if (depth >= MAX_DEPTH) {
            throw new IllegalArgumentException("a JSON value is nested deeper than " + MAX_DEPTH);
        } else if (json instanceof List<?> list) {
            tag('[');
            for (Object element : list) {
                value(element, keepNulls, depth + 1);
            }
            return tag(']');
        } else if (json instanceof Map<?, ?> map) {
            return members(map, keepNulls, depth + 1);
        }
        throw new IllegalArgumentException(
                "not a JSON value, which is a text, number, boolean, list or map: an object of " + json.getClass());
    }

    private CanonicalJson members(Map<?, ?> map, boolean keepNulls, int depth) {
        Object[] names = map.keySet().toArray();
        for (Object name : names) {
            if (!(name instanceof String)) {
                throw new IllegalArgumentException("a member of a JSON object is not named by a text");
            }
        }
        Arrays.sort(names);
        tag('{');
        for (Object name : names) {
            Object member = map.get(name);
            if (member != null || keepNulls) {
                name((String) name);
                value(member, keepNulls, depth);
            }
        }
        return tag('}');
    }

    private CanonicalJson number(Number number) {
        if (number instanceof Integer || number instanceof Long || number instanceof Short || number instanceof Byte) {
            return number(number.longValue());
        } else if (number instanceof Double) {
            return number(number.doubleValue());
        } else if (number instanceof Float) {
            return number(Double.parseDouble(number.toString()));
        } else if (number instanceof BigInteger integer) {
            return number(new BigDecimal(integer));
        } else if (number instanceof BigDecimal decimal) {
            return number(decimal);
        }
        throw new IllegalArgumentException("not a JSON number: an object of " + number.getClass());
    }

    private CanonicalJson number(BigDecimal number) {
        BigDecimal exact = number.stripTrailingZeros();
        int integerDigits = exact.precision() - exact.scale();
        if (exact.scale() <= 0 && integerDigits <= 19) {
            BigInteger integer = exact.toBigInteger();
            if (integer.bitLength() < Long.SIZE) {
                return number(integer.longValue());
            }
        }
        double nearest = exact.doubleValue();
        if (exact.precision() <= DOUBLE_DIGITS && nearest != 0 && !Double.isInfinite(nearest)) {
            return tag('d').int64(Double.doubleToLongBits(nearest));
        }
        byte[] digits = exact.toString().getBytes(StandardCharsets.US_ASCII);
        return tag('D').int32(digits.length).bytes(digits);
    }

    private CanonicalJson malformedText(String text) {
        tag('u').int32(text.length());
        for (int i = 0; i < text.length(); i++) {
            char unit = text.charAt(i);
            tag((char) (unit >>> 8)).tag(unit);
        }
        return this;
    }

    private CanonicalJson tag(char tag) {
        room(1);
        buffer[used++] = (byte) tag;
        return this;
    }

    private CanonicalJson int32(int number) {
        room(Integer.BYTES);
        for (int shift = Integer.SIZE - 8; shift >= 0; shift -= 8) {
            buffer[used++] = (byte) (number >>> shift);
        }
        return this;
    }

    private CanonicalJson int64(long number) {
        return int32((int) (number >>> Integer.SIZE)).int32((int) number);
    }

    /** Plain bytes of a length that the reader knows. */
    CanonicalJson bytes(byte[] bytes) {
        return bytes(bytes, 0, bytes.length);
    }

    CanonicalJson bytes(byte[] bytes, int offset, int length) {
        if (length > buffer.length) {
            flush();
            digest.update(bytes, offset, length);
        } else {
            room(length);
            System.arraycopy(bytes, offset, buffer, used, length);
            used += length;
        }
        return this;
    }

    /** Writes the digest of all since the last one to {@code target} and starts anew. */
    void digestTo(byte[] target, int offset, int length) {
        flush();
        try {
            digest.digest(target, offset, length);
        } catch (DigestException e) {
            throw new IllegalStateException(e);
        }
    }

    private void room(int bytes) {
        if (buffer.length - used < bytes) {
            flush();
        }
    }

    private void flush() {
        digest.update(buffer, 0, used);
        used = 0;
    }
}
