package io.headrace.observe;

import io.headrace.Cost;
import io.headrace.ErrorText;
import io.headrace.Usage;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A meter of the user's, as layers ask it: what it throws about an answer, or a null, counts as unknown, for the answer is there and paid
 * for. That is logged once. What it throws about a request is thrown, before anything is sent.
 */
public final class CarefulMeter<Q, R> implements Meter<Q, R> {

    private static final Logger LOG = LoggerFactory.getLogger(CarefulMeter.class);

    private final Meter<? super Q, ? super R> meter;
    private final AtomicBoolean warned = new AtomicBoolean();

    private CarefulMeter(Meter<? super Q, ? super R> meter) {
        this.meter = meter;
    }

    /** {@code meter}, asked with care. */
    @SuppressWarnings("unchecked") // it only takes in what it is asked about
    public static <Q, R> Meter<Q, R> of(Meter<? super Q, ? super R> meter) {
        return meter instanceof CarefulMeter<? super Q, ? super R> careful
                ? (Meter<Q, R>) careful
                : new CarefulMeter<>(Objects.requireNonNull(meter, "meter"));
    }

    @Override
    public Cost ceiling(Q request) {
        return Objects.requireNonNull(
                meter.ceiling(request), "the meter's ceiling is null, it must be Cost.UNKNOWN where it is not known");
    }

    @Override
    public Cost price(Q request, Usage usage) {
        return Objects.requireNonNull(
                meter.price(request, usage),
                "the meter's price is null, it must be Cost.UNKNOWN where it is not known");
    }

    @Override
    public Usage usage(R answer) {
        return read("usage", Meter::usage, answer, Usage.UNKNOWN);
    }

    @Override
    public Cost cost(R answer) {
        return read("cost", Meter::cost, answer, Cost.UNKNOWN);
    }

    @Override
    public String model(R answer) {
        return read("model", Meter::model, answer, "");
    }

    @Override
    public String requestId(R answer) {
        return read("request id", Meter::requestId, answer, "");
    }

    @Override
    public Meter<Q, R> batch() {
        return of(Objects.requireNonNull(meter.batch(), "the meter's batch() returned null"));
    }

    private <T> T read(String what, BiFunction<Meter<? super Q, ? super R>, R, T> reading, R answer, T unknown) {
        String why;
        try {
            T read = reading.apply(meter, answer);
            if (read != null) {
                return read;
            }
            why = "it is null";
        } catch (RuntimeException | AssertionError | StackOverflowError | LinkageError e) {
            why = ErrorText.of(e);
        }
        if (warned.compareAndSet(false, true)) {
            LOG.warn("the meter failed on the {} of an answer, which counts as unknown; told once: {}", what, why);
        }
        return unknown;
    }
}
