package io.headrace.layer;

import io.headrace.ApiException;
import io.headrace.CallOptions;
import io.headrace.WorkSlot;
import io.headrace.observe.AttemptNumber;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallEvent.Admitted;
import io.headrace.observe.CallEvent.RetryScheduled;
import io.headrace.observe.CallListener;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.context.ContextView;
import reactor.util.retry.Retry;

/**
 * Answers each failure of one call by a wait or by the error. Time counts from when this is made, but not what attempts wait for their
 * permits.
 */
final class RetryCompanion extends Retry implements CallListener {

    private final RetrySpec spec;
    private final Scheduler scheduler;
    private final long start;
    private final AtomicLong waited = new AtomicLong();

    RetryCompanion(RetrySpec spec) {
        this.spec = spec;
        this.scheduler = spec.scheduler();
        this.start = scheduler.now(TimeUnit.NANOSECONDS);
    }

    @Override
    public void on(CallEvent event) {
        if (event instanceof Admitted admitted) {
            waited.addAndGet(admitted.waited().toNanos());
        }
    }

    @Override
    public Publisher<?> generateCompanion(Flux<RetrySignal> failures) {
        return Flux.deferContextual(context -> {
            Waits waits = new Waits(context);
            return failures.concatMap(failure -> waits.after(failure.failure()), 0);
        });
    }

    /** One subscription. Signals of {@code retryWhen} come one after another, so nothing here needs a lock. */
    private final class Waits {

        private final RetryBudget budget = new RetryBudget(spec);
        private final ContextView context;

        Waits(ContextView context) {
            this.context = context;
        }

        /** Emits what the next attempt finds in its context, when it is due. */
        Mono<ContextView> after(Throwable error) {
            Duration elapsed = Duration.ofNanos(scheduler.now(TimeUnit.NANOSECONDS) - start - waited.get());
            RetryBudget.Verdict verdict = budget.failed(error, elapsed);
            if (verdict instanceof RetryBudget.Verdict.Again again) {
                CallListener.from(context)
                        .tell(new RetryScheduled(
                                CallOptions.from(context), budget.failures(), again.kind(), again.delay()));
                ContextView next = AttemptNumber.context(budget.failures() + 1);
                return again.delay().isZero()
                        ? Mono.just(next)
                        : WorkSlot.from(context)
                                .during(Mono.delay(again.delay(), scheduler).then())
                                .thenReturn(next);
            }
            String attempts = ((RetryBudget.Verdict.Stop) verdict).attempts();
            return Mono.error(attempts == null ? error : told(error, attempts));
        }
    }

    /** {@code error}, saying how many attempts it took; one whose message is not ours has it beside. */
    private static Throwable told(Throwable error, String attempts) {
        if (error instanceof ApiException api) {
            return ApiException.builder(api, api.getMessage() + " (" + attempts + ")")
                    .build();
        }
        Notes.add(error, new RetriesExhausted(attempts));
        return error;
    }
}
