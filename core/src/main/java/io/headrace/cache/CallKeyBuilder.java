package io.headrace.cache;

import io.headrace.Fingerprint;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes the key of one request from its fields: the tool for writing a {@link KeyFunction}. Each field is written in
 * one canonical form into SHA-256 of its own; the fingerprint is SHA-256 of a version tag and of all names and digests in the order of
 * the names. The same fields make the same key, in whatever order they are added, and so do numbers of the same value, such as
 * {@code 1} and {@code 1.0}, and the members of an object in any order.
 *
 * <p>Not thread-safe.
 */
public final class CallKeyBuilder {

    /** The version of the canonical form: it changes only if keys of equal requests must change. */
    private static final byte[] VERSION = "headrace call key 1".getBytes(StandardCharsets.US_ASCII);

    /** Never fed: only its copies are. */
    private static final MessageDigest SHA_256 = newSha256();

    private final CanonicalJson json;
    private String[] names;
    private byte[] digests;
    private int count;

    private CallKeyBuilder(String[] names, byte[] digests, int count) {
        this.json = new CanonicalJson(sha256());
        this.names = names;
        this.digests = digests;
        this.count = count;
    }

    /**
     * A builder with the fields {@code provider} and {@code operation}.
     *
     * @param provider whose answers these are: a normalised base URL or a name, never with a key in it
     * @param operation what is asked for in the provider's terms, such as {@code chat}; never a transport path
     */
    public static CallKeyBuilder of(String provider, String operation) {
        return new CallKeyBuilder(new String[8], new byte[8 * Fingerprint.BYTES], 0)
                .field("provider", Objects.requireNonNull(provider, "provider"))
                .field("operation", Objects.requireNonNull(operation, "operation"));
    }

    /** A builder that has the same fields already: what all requests share is digested once. */
    public CallKeyBuilder copy() {
        return new CallKeyBuilder(names.clone(), digests.clone(), count);
    }

    /**
     * Adds a field; null adds nothing.
     *
     * @param value a JSON value: {@code String}, {@code Boolean}, a number of {@code java.lang} or {@code java.math}, {@code List}, or
     *     {@code Map} with text as keys, where a member that is null counts as absent
     * @throws IllegalArgumentException for a value that is none, or is nested deeper than 500, naming the field
     * @throws IllegalStateException if there is a field of that name
     */
    public CallKeyBuilder field(String name, @Nullable Object value) {
        return fieldOf(name, value, (json, to) -> to.value(json));
    }

    /**
     * Adds a field of raw JSON whose meaning is not known here: otherwise as {@link #field}, but null and members that are null count,
     * for {@code "const": null} may differ from no {@code "const"}.
     */
    public CallKeyBuilder rawField(String name, @Nullable Object value) {
        return fieldOf(name, this, (key, to) -> to.rawValue(value));
    }

    /** Adds a field whose value {@code writer} writes; null adds nothing. */
    <T> CallKeyBuilder fieldOf(String name, @Nullable T value, BiConsumer<T, CanonicalJson> writer) {
        if (value == null) {
            return this;
        }
        int at = place(Objects.requireNonNull(name, "name"));
        if (count == names.length) {
            names = Arrays.copyOf(names, 2 * count);
            digests = Arrays.copyOf(digests, 2 * digests.length);
        }
        try {
            writer.accept(value, json);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("field '" + name + "' of a key: " + e.getMessage(), e);
        }
        if (at < count) {
            System.arraycopy(names, at, names, at + 1, count - at);
            System.arraycopy(digests, digest(at), digests, digest(at + 1), digest(count - at));
        }
        names[at] = name;
        json.digestTo(digests, digest(at), Fingerprint.BYTES);
        count++;
        return this;
    }

    /** Where the field belongs: they are kept in the order of their names, in which they mostly come. */
    private int place(String name) {
        int at = count;
        while (at > 0) {
            int order = names[at - 1].compareTo(name);
            if (order == 0) {
                throw new IllegalStateException("two fields of a request are named '" + name + "'");
            } else if (order < 0) {
                break;
            }
            at--;
        }
        return at;
    }

    private static int digest(int field) {
        return field * Fingerprint.BYTES;
    }

    /** The key of the fields so far. */
    public CallKey build() {
        json.bytes(VERSION);
        CallKey.FieldDigest[] fields = new CallKey.FieldDigest[count];
        ByteBuffer starts = ByteBuffer.wrap(digests);
        for (int i = 0; i < count; i++) {
            json.name(names[i]).bytes(digests, digest(i), Fingerprint.BYTES);
            fields[i] = new CallKey.FieldDigest(names[i], starts.getLong(digest(i)));
        }
        byte[] sha256 = new byte[Fingerprint.BYTES];
        json.digestTo(sha256, 0, sha256.length);
        return new CallKey(Fingerprint.of(sha256), List.of(fields));
    }

    /** A copy, for asking the platform's providers for one each time costs more than a short digest. */
    static MessageDigest sha256() {
        try {
            return (MessageDigest) SHA_256.clone();
        } catch (CloneNotSupportedException e) {
            return newSha256();
        }
    }

    private static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
