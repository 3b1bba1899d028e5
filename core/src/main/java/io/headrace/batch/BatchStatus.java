package io.headrace.batch;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One batch of a queue, as it stands.
 *
 * @param number of its pack, which names its files
 * @param lane provider and operation
 * @param group what its requests have in common there, such as a model
 * @param state how far it is
 * @param id the provider's; empty unless the provider is known to have it
 * @param requests in it
 * @param inputTokens of its requests, by estimate
 * @param attempts to submit it
 * @param submittedAt when it was known to be accepted; null before
 * @param collectedAt when its results were complete here; null before
 * @param counts what the provider said of its requests when it was last asked
 * @param totals what became of its requests; {@link BatchTotals#NONE} until it is collected
 */
public record BatchStatus(
        int number,
        String lane,
        String group,
        State state,
        String id,
        long requests,
        long inputTokens,
        int attempts,
        @Nullable Instant submittedAt,
        @Nullable Instant collectedAt,
        BatchJob.Counts counts,
        BatchTotals totals) {

    /** How far a batch is. */
    public enum State {
        /** It takes requests. */
        FILLING,
        /** It is full, and waits for its turn. */
        WAITING,
        /** It is on its way to the provider. */
        SUBMITTING,
        /** It was on its way, and whether the provider has it will show. */
        IN_DOUBT,
        /** The provider has it. */
        OUT,
        /** Its results are complete here. */
        COLLECTED
    }

    static BatchStatus of(Pack pack) {
        State state = switch (pack.phase) {
            case FILLING -> State.FILLING;
            case SEALED -> State.WAITING;
            case INTENDED -> pack.holder != null && pack.doubtedAt == null ? State.SUBMITTING : State.IN_DOUBT;
            case OUT -> State.OUT;
        };
        return of(pack, state, null, BatchTotals.NONE);
    }

    static BatchStatus collected(Pack pack, QueueRecord.Collected done) {
        return of(pack, State.COLLECTED, done.time(), done.totals());
    }

    private static BatchStatus of(Pack pack, State state, @Nullable Instant collectedAt, BatchTotals totals) {
        return new BatchStatus(
                pack.number,
                pack.lane,
                pack.group,
                state,
                pack.id,
                pack.requests,
                pack.tokens,
                pack.attempt,
                pack.submittedAt,
                collectedAt,
                pack.counts,
                totals);
    }
}
