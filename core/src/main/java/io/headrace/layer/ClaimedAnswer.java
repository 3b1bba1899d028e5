package io.headrace.layer;

import io.headrace.CallOptions;
import io.headrace.Delivery;
import io.headrace.ErrorText;
import io.headrace.Fingerprint;
import io.headrace.StorageException;
import io.headrace.admission.Budget;
import io.headrace.admission.Demand;
import io.headrace.admission.Settlement;
import io.headrace.batch.BatchQueue;
import io.headrace.batch.BatchQueue.Claim;
import io.headrace.cache.CacheEntry;
import io.headrace.observe.AttemptLog;
import io.headrace.observe.CallEvent.AttemptEnded;
import io.headrace.observe.CallEvent.AttemptStarted;
import io.headrace.observe.CallListener;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import reactor.util.context.ContextView;

/**
 * The account of an answer that a batch bought, in the place of that of an attempt: with whoever reads it first, and in each later pass
 * again with its item alone.
 */
final class ClaimedAnswer {

    private ClaimedAnswer() {}

    /** Whose account the stored answer is in; it is made if a batch brought it and nobody has read it before. */
    static Claim claim(BatchQueue batches, Fingerprint fingerprint, int sample, CacheEntry entry, ContextView context) {
        CallOptions options = CallOptions.from(context);
        Budget budget = Budget.from(context).orElse(null);
        String by = options.namespace().name();
        Claim claim = budget == null
                ? batches.claim(fingerprint, sample, by)
                : paid(batches, fingerprint, sample, by, entry, budget);
        if (claim == Claim.NEW) {
            note(fingerprint, sample, entry, AttemptLog.from(context).orElse(null));
            CallListener listener = CallListener.from(context);
            listener.tell(new AttemptStarted(options, 1));
            listener.tell(
                    new AttemptEnded(options, 1, Duration.ZERO, Delivery.ANSWERED, entry.usage(), entry.cost(), null));
        }
        return claim;
    }

    /** Held before the queue owes it no more: at no moment is there room for both. */
    private static Claim paid(
            BatchQueue batches, Fingerprint fingerprint, int sample, String by, CacheEntry entry, Budget budget) {
        Demand held = new Demand(entry.usage().inputTokens(), entry.usage().outputTokens(), entry.cost());
        budget.hold(held);
        Settlement end = Settlement.unused();
        try {
            Claim claim = batches.claim(fingerprint, sample, by);
            if (claim == Claim.NEW) {
                end = Settlement.answered(entry.usage(), entry.cost(), Duration.ZERO);
            }
            return claim;
        } finally {
            budget.settle(held, end);
        }
    }

    private static void note(Fingerprint fingerprint, int sample, CacheEntry entry, @Nullable AttemptLog log) {
        if (log == null) {
            return;
        }
        try {
            long note = log.started(fingerprint, sample, entry.cost());
            log.ended(note, Delivery.ANSWERED, entry.usage(), entry.cost());
        } catch (RuntimeException e) {
            throw new StorageException("what a batch cost cannot be noted: " + ErrorText.message(e), e);
        }
    }
}
