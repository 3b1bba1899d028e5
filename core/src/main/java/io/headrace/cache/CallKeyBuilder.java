package io.headrace.cache;

import io.headrace.Fingerprint;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes the key of one request from its fields: the tool for writing a {@link KeyFunction}. Each field is written as
 * {@link CanonicalJson} into SHA-256 of its own; the fingerprint is SHA-256 of a version tag and of all names and digests in
 * the order of the names. The same fields make the same key, in whatever order they are added.
 *
 * <p>Not thread-safe.
 */
public final class CallKeyBuilder {

    /** The version of the canonical form: it changes only if keys of equal requests must change. */
    private static final byte[] VERSION = "headrace call key 1".getBytes(StandardCharsets.US_ASCII);

    /** Never fed: only its copies are. */
    private static final MessageDigest SHA_256 = newSha256();

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

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
     * @param value a JSON value as {@link CanonicalJson#value} takes it
     * @throws IllegalArgumentException for a value that is none
     */
    public CallKeyBuilder field(String name, @Nullable Object value) {
        return value == null ? this : fieldOf(name, to -> to.value(value));
    }

    /** Adds a field whose one value {@code writer} writes. */
    public CallKeyBuilder fieldOf(String name, Consumer<CanonicalJson> writer) {
        Objects.requireNonNull(name, "name");
        if (count == names.length) {
            names = Arrays.copyOf(names, 2 * count);
            digests = Arrays.copyOf(digests, 2 * digests.length);
        }
        writer.accept(json);
        names[count] = name;
        json.digestTo(digests, count * Fingerprint.BYTES, Fingerprint.BYTES);
        count++;
        return this;
    }

    /**
     * The key of the fields so far.
     *
     * @throws IllegalStateException if two fields have one name
     */
    public CallKey build() {
        int[] order = order();
        json.bytes(VERSION);
        CallKey.FieldDigest[] fields = new CallKey.FieldDigest[count];
        for (int i = 0; i < count; i++) {
            int field = order[i];
            int at = field * Fingerprint.BYTES;
            json.name(names[field]).bytes(digests, at, Fingerprint.BYTES);
            fields[i] = new CallKey.FieldDigest(names[field], (long) LONGS.get(digests, at));
        }
        byte[] sha256 = new byte[Fingerprint.BYTES];
        json.digestTo(sha256, 0, sha256.length);
        return new CallKey(Fingerprint.of(sha256), List.of(fields));
    }

    /** The fields by name: an insertion sort, for there are few and they mostly come in order. */
    private int[] order() {
        int[] order = new int[count];
        for (int i = 0; i < count; i++) {
            int at = i;
            while (at > 0 && names[order[at - 1]].compareTo(names[i]) > 0) {
                order[at] = order[at - 1];
                at--;
            }
            if (at > 0 && names[order[at - 1]].equals(names[i])) {
                throw new IllegalStateException("two fields of a request are named '" + names[i] + "'");
            }
            order[at] = i;
        }
        return order;
    }

    /** A copy, for asking the platform's providers for one each time costs more than a short digest. */
    private static MessageDigest sha256() {
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
