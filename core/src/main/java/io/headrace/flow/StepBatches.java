package io.headrace.flow;

import io.headrace.Item;
import io.headrace.Outcome;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/** The batches of one stream through a {@link BatchStep}: at most one is open and filling. Thread-safe. */
final class StepBatches<I, O> {

    private static final Logger LOG = LoggerFactory.getLogger(BatchStep.class);

    private final BatchStep<I, O> step;
    private final AtomicBoolean toldOfExtraAnswers = new AtomicBoolean();
    private @Nullable StepBatch<I, O> open;

    StepBatches(BatchStep<I, O> step) {
        this.step = step;
    }

    /** The outcome of an item, by way of a batch that it joins at the subscription. */
    Publisher<Outcome<O>> join(Outcome.Ok<I> ok, Slot slot) {
        return Mono.defer(() -> {
            StepBatch<I, O> joined;
            boolean full;
            synchronized (this) {
                if (open == null) {
                    open = new StepBatch<>(this, step);
                }
                joined = open;
                full = joined.add(ok, slot) == step.size;
                if (full) {
                    open = null;
                }
            }
            if (full) {
                joined.start();
            } else {
                joined.startLater();
            }
            return joined.outcomeOf(ok.item());
        });
    }

    /** No item will come any more. */
    void startOpen() {
        StepBatch<I, O> last;
        synchronized (this) {
            last = open;
            open = null;
        }
        if (last != null) {
            last.start();
        }
    }

    /** Nobody joins {@code batch} any more: its time is up. */
    void startOnTime(StepBatch<I, O> batch) {
        synchronized (this) {
            if (open == batch) {
                open = null;
            }
        }
        batch.start();
    }

    void extraAnswer(Item<O> answer) {
        if (toldOfExtraAnswers.compareAndSet(false, true)) {
            LOG.warn(
                    "step {}: a batch brought an answer that nobody asked for, or a second one, it is ignored; told once: {}",
                    step.name(),
                    answer.id());
        }
    }
}
