package io.headrace.run;

import io.headrace.observe.CallEvent;
import io.headrace.observe.CallEvent.AttemptEnded;
import io.headrace.observe.CallEvent.BatchPrice;
import io.headrace.observe.CallListener;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/** Says once in a run that calls online so many answers that batches would have been cheaper. Silent where their price is not known. */
final class BatchHint implements CallListener {

    /** Answers from which on it is worth a word. */
    private static final long MANY = 1_000;

    private final Consumer<String> told;
    private final LongAdder answers = new LongAdder();
    private final AtomicBoolean done = new AtomicBoolean();

    BatchHint(Consumer<String> told) {
        this.told = told;
    }

    @Override
    public void on(CallEvent event) {
        if (event instanceof AttemptEnded ended && ended.succeeded()) {
            answers.increment();
        } else if (event instanceof BatchPrice price
                && price.batch().usd().compareTo(price.online().usd()) < 0
                && answers.sum() >= MANY
                && done.compareAndSet(false, true)) {
            told.accept(String.format(
                    Locale.ROOT,
                    "%,d calls were answered online so far: by batches (CallStack.batches, --mode batch) they cost %d %% of"
                            + " that, and take up to a day",
                    answers.sum(),
                    price.batch()
                            .usd()
                            .movePointRight(2)
                            .divide(price.online().usd(), 0, RoundingMode.HALF_UP)
                            .intValueExact()));
        }
    }
}
