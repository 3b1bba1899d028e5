package io.headrace.run;

import io.headrace.ErrorKind;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallEvent.AttemptEnded;
import io.headrace.observe.CallEvent.AttemptStarted;
import io.headrace.observe.CallEvent.CacheHit;
import io.headrace.observe.CallEvent.PaidBefore;
import io.headrace.observe.CallListener;
import java.util.concurrent.atomic.AtomicInteger;

/** What a run hears of the calls of a step: whether any is answered, and how many failures are no chance then. Thread-safe. */
final class StepCalls implements CallListener {

    private final AtomicInteger onTheirWay = new AtomicInteger();
    private final Streak account = new Streak(false);
    private final Streak model = new Streak(true);
    private volatile boolean heard;
    private volatile boolean hasCached;

    @Override
    public void on(CallEvent event) {
        if (!heard) {
            heard = true;
        }
        if (event instanceof AttemptStarted) {
            onTheirWay.incrementAndGet();
        } else if (event instanceof AttemptEnded ended) {
            onTheirWay.decrementAndGet();
            if (ended.succeeded()) {
                answered(true);
            }
        } else if (event instanceof PaidBefore) {
            answered(true);
        } else if (event instanceof CacheHit) {
            answered(false);
        }
    }

    private void answered(boolean bought) {
        if (!bought && !hasCached) {
            hasCached = true;
        }
        account.answered(bought);
        model.answered(bought);
    }

    boolean heard() {
        return heard;
    }

    Streak streak(ErrorKind kind) {
        return kind == ErrorKind.NOT_FOUND ? model : account;
    }

    /** How the items of a step have fared of late, as to the account or to the model. */
    final class Streak {

        private final boolean cachedCounts;
        private volatile long answers;
        private volatile int length;
        private int mostOnTheirWay;

        /** @param cachedCounts whether it ends at an answer that was not bought now, too */
        Streak(boolean cachedCounts) {
            this.cachedCounts = cachedCounts;
        }

        /** A call of the step was answered, by the provider or from the cache. */
        void answered(boolean bought) {
            if (bought || cachedCounts) {
                restart();
            }
        }

        /** An item came through the step, whatever became of its calls. Where some are cached it may have bought in another step. */
        void passed(boolean bought) {
            if ((bought && !hasCached) || cachedCounts) {
                restart();
            }
        }

        /** Counted at the first answer, and at each one that ends a streak. */
        private void restart() {
            if (length > 0 || answers == 0) {
                end();
            }
        }

        private synchronized void end() {
            answers = answers + 1;
            length = 0;
        }

        /** Whether so many failed in a row that the others would fare no better. */
        synchronized boolean failed(int limit) {
            mostOnTheirWay = Math.max(length == 0 ? 0 : mostOnTheirWay, onTheirWay.get());
            length = length + 1;
            return length >= limit + mostOnTheirWay;
        }

        long answers() {
            return answers;
        }

        int length() {
            return length;
        }
    }
}
