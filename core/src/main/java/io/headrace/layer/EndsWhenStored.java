package io.headrace.layer;

import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import io.headrace.observe.AttemptLog;
import org.jspecify.annotations.Nullable;

/**
 * The attempt log of one call whose answer is to be stored: the end of an answered attempt is noted when the answer is kept, or
 * surely will not be. An answer that arrived is lost with the process until then, and what is bought again after a crash
 * must stand in the accounts as an attempt of unknown outcome. Thread-safe.
 */
final class EndsWhenStored implements AttemptLog {

    private final AttemptLog log;
    private @Nullable Runnable held;

    EndsWhenStored(AttemptLog log) {
        this.log = log;
    }

    @Override
    public long started(Fingerprint fingerprint, int sample, Cost reserved) {
        release(); // the answer before was turned down
        return log.started(fingerprint, sample, reserved);
    }

    @Override
    public void ended(long attempt, Delivery delivery, Usage usage, Cost cost) {
        if (delivery == Delivery.ANSWERED) {
            hold(() -> log.ended(attempt, delivery, usage, cost));
        } else {
            log.ended(attempt, delivery, usage, cost);
        }
    }

    /** The answer is stored, or the call is over without it: notes what was held. */
    void release() {
        Runnable end;
        synchronized (this) {
            end = held;
            held = null;
        }
        if (end != null) {
            end.run();
        }
    }

    private synchronized void hold(Runnable end) {
        held = end;
    }
}
