package io.headrace.observe;

import io.headrace.CallOptions;
import io.headrace.Cost;
import io.headrace.ErrorKind;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import java.util.Optional;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * Hears of calls that would be sent, in place of the provider: with one in the Reactor {@code Context}, calls put together by a stack
 * are answered by the cache or end as {@link ErrorKind#PARKED}: an item then ends when no call of it is on its way, so that all are heard
 * that it makes at once. Called from many threads at once; quick, throws nothing.
 */
@FunctionalInterface
public interface DryRun {

    /**
     * A call that the cache does not hold.
     *
     * @param atMost tokens that it is estimated to take, with as many of output as it allows
     * @param online what it costs
     * @param batch what it costs in a batch; unknown where the provider has none
     */
    void wouldSend(CallOptions options, Usage atMost, Range online, Range batch);

    /**
     * What a call may cost.
     *
     * @param least what it costs without any output; unknown without a price
     * @param most the most that it may cost; unknown without a price or a bound
     */
    record Range(Cost least, Cost most) {

        public static final Range ZERO = new Range(Cost.ZERO, Cost.ZERO);

        public Range plus(Range other) {
            return new Range(least.plus(other.least), most.plus(other.most));
        }
    }

    /**
     * Whether a call that came before buys this sample already, so that this one would be given its answer and is not told by {@link
     * #wouldSend}. By default none is remembered.
     */
    default boolean isBought(CallOptions options, Fingerprint fingerprint, int sample) {
        return false;
    }

    /** The dry run in {@code context}, if any. */
    static Optional<DryRun> from(ContextView context) {
        return context.getOrEmpty(DryRun.class);
    }

    default Context into(Context context) {
        return context.put(DryRun.class, this);
    }
}
