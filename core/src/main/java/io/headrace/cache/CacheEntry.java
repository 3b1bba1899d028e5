package io.headrace.cache;

import io.headrace.Cost;
import io.headrace.Usage;
import java.time.Instant;
import java.util.List;
import java.util.Objects;

/**
 * A stored answer and what is known of its making. The array is not copied: neither side may change it.
 *
 * @param answer the answer as its codec wrote it
 * @param truncated whether the answer ended at the length limit
 * @param usage what it used when it was bought
 * @param cost what it cost then
 * @param model the model that really answered, empty where that means nothing
 * @param namespace the name of the namespace in which it was bought, empty outside any
 * @param storedAt when it was stored, to the millisecond
 * @param fields the digests of the request's fields
 */
@SuppressWarnings("ArrayRecordComponent")
public record CacheEntry(
        byte[] answer,
        boolean truncated,
        Usage usage,
        Cost cost,
        String model,
        String namespace,
        Instant storedAt,
        List<CallKey.FieldDigest> fields) {

    public CacheEntry {
        Objects.requireNonNull(answer, "answer");
        Objects.requireNonNull(usage, "usage");
        Objects.requireNonNull(cost, "cost");
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(namespace, "namespace");
        Objects.requireNonNull(storedAt, "storedAt");
        fields = List.copyOf(fields);
    }

    /** Size and origin only: answers may be private. */
    @Override
    public String toString() {
        return "CacheEntry[" + answer.length + " bytes, " + model + ", " + storedAt + "]";
    }
}
