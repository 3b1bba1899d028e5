package io.headrace.layer;

import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.Fingerprint;
import io.headrace.Relay;
import io.headrace.Usage;
import io.headrace.observe.AttemptLog;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.util.context.Context;

/**
 * The attempt log of one call whose answer is to be stored. It knows under which key and sample attempts are noted,
 * and the end of an answered attempt is noted when the answer is kept, or surely will not be. An answer that arrived is lost with the
 * process until then, and what is bought again after a crash must stand in the accounts as an attempt of unknown outcome. An end that
 * cannot be noted takes nothing from the answer: it is logged. Thread-safe.
 */
final class EndsWhenStored<R> extends Relay<R> implements AttemptLogOfCall {

    private static final Logger LOG = LoggerFactory.getLogger(EndsWhenStored.class);

    private final AttemptLog log;
    private final Fingerprint key;
    private final int sample;
    private @Nullable Runnable held;
    private boolean over;

    EndsWhenStored(AttemptLog log, Fingerprint key, int sample) {
        this.log = log;
        this.key = key;
        this.sample = sample;
    }

    @Override
    public AttemptLog behind() {
        return log;
    }

    @Override
    protected Context inside(Context outside) {
        return into(outside);
    }

    /** The answer is stored: its attempt ends before anybody sees it. */
    @Override
    protected void answered(R answer) {
        over();
    }

    @Override
    protected @Nullable Throwable completed() {
        over();
        return null;
    }

    @Override
    protected Throwable failed(Throwable error) {
        over();
        return error;
    }

    @Override
    protected void cancelled() {
        over();
    }

    @Override
    public long started(Fingerprint unknown, int none, Cost reserved) {
        release(); // the answer before was turned down
        return log.started(key, sample, reserved);
    }

    @Override
    public void ended(long attempt, Delivery delivery, Usage usage, Cost cost) {
        if (delivery != Delivery.ANSWERED || !hold(() -> log.ended(attempt, delivery, usage, cost))) {
            log.ended(attempt, delivery, usage, cost);
        }
    }

    /** An attempt may outlive the call, where other callers wait for the same batch. */
    private void over() {
        synchronized (this) {
            over = true;
        }
        release();
    }

    /** Notes what was held. */
    private void release() {
        Runnable end;
        synchronized (this) {
            end = held;
            held = null;
        }
        if (end == null) {
            return;
        }
        try {
            end.run();
        } catch (RuntimeException e) {
            LOG.warn("the end of an attempt could not be noted, it counts as unknown", e);
        }
    }

    /** False if the call is over: nothing will be stored. Copies of a hedged call may both have answered by then. */
    private synchronized boolean hold(Runnable end) {
        if (!over) {
            Runnable before = held;
            held = before == null ? end : () -> both(before, end);
        }
        return !over;
    }

    private static void both(Runnable first, Runnable second) {
        try {
            first.run();
        } finally {
            second.run();
        }
    }
}
