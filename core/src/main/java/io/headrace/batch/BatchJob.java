package io.headrace.batch;

import io.headrace.ApiException;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A batch at its provider, as it was when it was asked about.
 *
 * @param id the provider's
 * @param tag what it was submitted under; empty where the provider keeps none
 * @param state how far it is
 * @param createdAt when the provider accepted it; null if it does not say
 * @param expiresAt when the provider gives up; null if it does not say
 * @param counts how many requests are where; zero is what the provider does not tell yet
 * @param problem why the batch as a whole failed, by its kind, and whether the same batch may succeed later, as after {@link
 *     io.headrace.ErrorKind#RATE_LIMITED} for a full queue; null unless it failed
 * @param handles where its files are, in the provider's own terms; for {@link BatchApi#results}
 */
public record BatchJob(
        String id,
        String tag,
        State state,
        @Nullable Instant createdAt,
        @Nullable Instant expiresAt,
        Counts counts,
        @Nullable ApiException problem,
        Map<String, String> handles) {

    /** How far a batch is. */
    public enum State {
        /** Accepted and at work, or being checked before. */
        RUNNING,
        /** On its way to {@link #CANCELLED}. */
        CANCELLING,
        /** Ended: every request has its result. */
        COMPLETED,
        /** Ended: refused as a whole, no request was worked on. */
        FAILED,
        /** Ended: time ran out; what was finished has results. */
        EXPIRED,
        /** Ended: cancelled; what was finished has results. */
        CANCELLED;

        public boolean isEnd() {
            return this != RUNNING && this != CANCELLING;
        }
    }

    /**
     * How many requests are where. Some providers count while they work, others tell only the total until the batch has ended.
     *
     * @param total requests in the batch
     * @param succeeded those that are answered
     * @param failed those that ended without an answer
     */
    public record Counts(long total, long succeeded, long failed) {

        public static final Counts NONE = new Counts(0, 0, 0);
    }

    public BatchJob {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(tag, "tag");
        Objects.requireNonNull(state, "state");
        Objects.requireNonNull(counts, "counts");
        handles = Map.copyOf(handles);
    }

    /** Whether it was created before {@code moment}; no if the provider does not say when. */
    public boolean isOlderThan(Instant moment) {
        return createdAt != null && createdAt.isBefore(moment);
    }
}
