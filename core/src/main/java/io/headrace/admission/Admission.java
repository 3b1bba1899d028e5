package io.headrace.admission;

import io.headrace.Cost;
import io.headrace.ErrorText;
import io.headrace.Usage;
import io.headrace.observe.Meter;
import java.time.Duration;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One call on its way through a gate: what it asks, what it got, and whether a refusal sends it back into line. */
final class Admission<Q, R> {

    private static final Logger LOG = LoggerFactory.getLogger(Admission.class);

    final Q request;
    final Demand demand;
    private final DemandEstimator<? super Q> estimator;
    private final Meter<Q, R> meter;
    private final boolean priced;
    private volatile boolean goesOn;

    /** Under the gate's lock. */
    final Refusals refusals = new Refusals();

    /**
     * @param priced whether money is reserved and settled; prices are not looked up otherwise
     */
    Admission(Q request, DemandEstimator<? super Q> estimator, Meter<Q, R> meter, boolean priced) {
        this.request = request;
        this.estimator = estimator;
        this.meter = meter;
        this.priced = priced;
        Demand tokens = Objects.requireNonNull(
                estimator.demand(request),
                "the demand estimator returned null, it must return a Demand, Demand.REQUEST at least");
        this.demand = priced ? new Demand(tokens.inputTokens(), tokens.outputTokens(), meter.ceiling(request)) : tokens;
    }

    Settlement answered(R answer, Duration elapsed) {
        Usage usage = meter.usage(answer);
        Cost cost = priced ? meter.cost(answer) : Cost.UNKNOWN;
        try {
            estimator.answered(request, usage);
        } catch (RuntimeException | AssertionError | StackOverflowError | LinkageError e) {
            LOG.warn("the demand estimator failed on an answer, it learns nothing of it", ErrorText.forLog(e));
        }
        return Settlement.answered(usage, cost, elapsed);
    }

    /** Notes whether the attempt was turned away at no cost, so that the call waits at the gate again when it has failed. */
    void goesOn(boolean goesOn) {
        this.goesOn = goesOn;
    }

    boolean goesOn() {
        return goesOn;
    }
}
