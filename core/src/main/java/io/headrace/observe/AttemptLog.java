package io.headrace.observe;

import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import java.util.Optional;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * Notes every attempt just before it is sent and how it ended, so that after a crash the attempts whose outcome nobody knows
 * can be counted and priced. A run's journal is one; it travels in the Reactor {@code Context}.
 *
 * <p>Called from many threads at once, also event loops: an implementation writes to memory or to the operating system's
 * page cache and never waits for a disk or a network.
 */
public interface AttemptLog {

    /**
     * Notes that an attempt is about to be sent. When this returns, the note survives the death of the process.
     *
     * @param fingerprint what is asked; {@link Fingerprint#NONE} where no layer keyed the call
     * @param sample which answer to that fingerprint is asked for, from 0
     * @param reserved the most that the attempt may cost; unknown where there is no bound or no price
     * @return a number by which {@link #ended} names the attempt
     */
    long started(Fingerprint fingerprint, int sample, Cost reserved);

    /**
     * Notes how an attempt ended; called once per started attempt that ends within the process.
     *
     * @param usage what it used: zero when not sent or refused, unknown when the outcome is or nothing was reported
     * @param cost what it cost: zero when not sent or refused, unknown when the outcome or the price is
     */
    void ended(long attempt, Delivery delivery, Usage usage, Cost cost);

    /** The log in {@code context}, if any. */
    static Optional<AttemptLog> from(ContextView context) {
        return context.getOrEmpty(AttemptLog.class);
    }

    default Context into(Context context) {
        return context.put(AttemptLog.class, this);
    }
}
