package io.headrace.layer;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.ErrorText;
import io.headrace.Fingerprint;
import io.headrace.Layer;
import io.headrace.Relay;
import io.headrace.StorageException;
import io.headrace.Usage;
import io.headrace.observe.AttemptLog;
import io.headrace.observe.AttemptNumber;
import io.headrace.observe.CallEvent.AttemptEnded;
import io.headrace.observe.CallEvent.AttemptStarted;
import io.headrace.observe.CallEvent.BatchPrice;
import io.headrace.observe.CallListener;
import io.headrace.observe.CarefulMeter;
import io.headrace.observe.Meter;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.util.context.ContextView;

/**
 * Notes each attempt in the {@link AttemptLog} of the {@code Context}, just before it is sent and once when it has ended, and tells the {@link
 * CallListener} both. Stands round the timeout and the provider, inside the permits.
 *
 * <p>If the start cannot be noted, the attempt fails with {@link StorageException} before anything is sent. If the end cannot be noted, that is
 * logged, the answer is kept, and after a crash the attempt counts as unknown. A call that completes empty fails with {@link
 * ErrorKind#MALFORMED_RESPONSE}. A cancel, and any error that is no {@link ApiException}, end the attempt as {@link Delivery#UNKNOWN} at an
 * unknown cost.
 */
public final class AttemptLayer<Q, R> implements Layer<Q, R> {

    /** Of so many answers one is told as {@link BatchPrice}. */
    private static final int BATCH_PRICE_EVERY = 100;

    private static final Logger LOG = LoggerFactory.getLogger(AttemptLayer.class);

    private final Meter<Q, R> meter;
    private final Meter<Q, R> batchMeter;
    private final Supplier<Scheduler> clock;

    private AttemptLayer(Meter<? super Q, ? super R> meter, Supplier<Scheduler> clock) {
        this.meter = CarefulMeter.of(meter);
        this.batchMeter = this.meter.batch();
        this.clock = Objects.requireNonNull(clock, "clock");
    }

    public static <Q, R> AttemptLayer<Q, R> of(Meter<? super Q, ? super R> meter) {
        return of(meter, Schedulers::parallel);
    }

    /**
     * @param meter asked for the ceiling where there is a log, and for usage and cost of each answer
     * @param clock whose time is read, taken at each subscription
     */
    public static <Q, R> AttemptLayer<Q, R> of(Meter<? super Q, ? super R> meter, Supplier<Scheduler> clock) {
        return new AttemptLayer<>(meter, clock);
    }

    @Override
    public Call<Q, R> around(Call<Q, R> next) {
        AtomicLong answers = new AtomicLong();
        return Relay.around(next, (request, context) -> new Attempt(request, answers, context));
    }

    /** One subscription. */
    private final class Attempt extends Relay<R> {

        private final Q request;
        private final AtomicLong answers;
        private final Scheduler time = clock.get();
        private final CallListener listener;
        private final CallOptions options;
        private final int number;
        private final @Nullable AttemptLog log;
        private long note;
        private long start;

        Attempt(Q request, AtomicLong answers, ContextView context) {
            this.request = request;
            this.answers = answers;
            this.listener = CallListener.from(context);
            this.options = CallOptions.from(context);
            this.number = AttemptNumber.from(context);
            this.log = AttemptLog.from(context).orElse(null);
        }

        @Override
        protected void starting() {
            if (log != null) {
                note = note(log);
            }
            listener.tell(new AttemptStarted(options, number));
            start = time.now(TimeUnit.NANOSECONDS);
        }

        private long note(AttemptLog log) {
            Cost ceiling = meter.ceiling(request);
            try {
                return log.started(Fingerprint.NONE, 0, ceiling);
            } catch (RuntimeException e) {
                throw new StorageException(
                        "the attempt cannot be noted, so nothing was sent: " + ErrorText.message(e), e);
            }
        }

        @Override
        protected void answered(R answer) {
            Cost cost = meter.cost(answer);
            end(Delivery.ANSWERED, meter.usage(answer), cost, null);
            if (answers.incrementAndGet() % BATCH_PRICE_EVERY == 0) {
                tellBatchPrice(answer, cost);
            }
        }

        private void tellBatchPrice(R answer, Cost online) {
            Cost batch = batchMeter.cost(answer);
            if (online.isKnown() && batch.isKnown()) {
                listener.tell(new BatchPrice(options, online, batch));
            }
        }

        @Override
        protected Throwable completed() {
            return failed(NoAnswer.error());
        }

        @Override
        protected Throwable failed(Throwable error) {
            if (error instanceof ApiException api) {
                end(api.delivery(), api.usage(), api.cost(), api);
            } else {
                ApiException told = ApiException.builder(ErrorKind.STEP_FAILED, ErrorText.of(error))
                        .cause(error)
                        .build();
                end(Delivery.UNKNOWN, told.usage(), told.cost(), told);
            }
            return error;
        }

        @Override
        protected void cancelled() {
            end(Delivery.UNKNOWN, Usage.UNKNOWN, Cost.UNKNOWN, null);
        }

        private void end(Delivery delivery, Usage usage, Cost cost, @Nullable ApiException error) {
            Duration elapsed = Duration.ofNanos(time.now(TimeUnit.NANOSECONDS) - start);
            if (log != null) {
                try {
                    log.ended(note, delivery, usage, cost);
                } catch (RuntimeException e) {
                    LOG.warn("the end of an attempt could not be noted, it counts as unknown", e);
                }
            }
            listener.tell(new AttemptEnded(options, number, elapsed, delivery, usage, cost, error));
        }
    }
}
