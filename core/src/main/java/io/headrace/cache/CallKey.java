package io.headrace.cache;

import io.headrace.Fingerprint;
import java.util.List;
import java.util.Objects;

/**
 * A request's fingerprint and, to tell later why two requests differ, a digest of each of its fields.
 *
 * @param fields in the order of their names
 */
public record CallKey(Fingerprint fingerprint, List<FieldDigest> fields) {

    /** A 64-bit digest of one top-level field of a request in canonical form. */
    public record FieldDigest(String field, long digest) {}

    public CallKey {
        Objects.requireNonNull(fingerprint, "fingerprint");
        fields = List.copyOf(fields);
    }
}
