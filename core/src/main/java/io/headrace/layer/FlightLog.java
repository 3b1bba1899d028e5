package io.headrace.layer;

import io.headrace.CallOptions;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import io.headrace.observe.AttemptLog;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallEvent.Admitted;
import io.headrace.observe.CallEvent.AttemptEnded;
import io.headrace.observe.CallEvent.AttemptStarted;
import io.headrace.observe.CallEvent.BatchPrice;
import io.headrace.observe.CallEvent.CacheHit;
import io.headrace.observe.CallEvent.CallEnded;
import io.headrace.observe.CallEvent.PaidBefore;
import io.headrace.observe.CallEvent.RetryScheduled;
import io.headrace.observe.CallListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.util.context.Context;

/**
 * The listener and the attempt log of a call in flight: those of the waiter that pays for it. When this waiter leaves, the attempts
 * end for it as not sent and free of charge, and begin for the next waiter: the first one's run and journal may be gone when the
 * answer comes. Thread-safe; listeners are told outside the lock.
 */
final class FlightLog implements CallListener, AttemptLogOfCall {

    private static final Logger LOG = LoggerFactory.getLogger(FlightLog.class);

    /** An attempt on its way, as its listener was told of it. */
    private static final class Sent {
        final int attempt;
        /** Under which number of ours it is noted, where the call in flight knows of no log; else below 0. */
        long note = NOT_NOTED;

        Sent(int attempt) {
            this.attempt = attempt;
        }
    }

    /** An attempt on its way, as its log has it. */
    private record Noted(AttemptLog log, long number, Fingerprint fingerprint, int sample, Cost reserved) {}

    private static final long NOT_NOTED = -1;

    private final boolean isLogged;
    private final Fingerprint fingerprint;
    private final int sample;

    private volatile Waiter<?, ?> payer;
    private volatile boolean handedOver;

    // under the lock
    private final List<Sent> sent = new ArrayList<>(1);
    private final List<@Nullable Noted> noted = new ArrayList<>(1);

    FlightLog(Waiter<?, ?> payer, Fingerprint fingerprint, int sample) {
        this.payer = payer;
        this.isLogged = payer.log() != null;
        this.fingerprint = fingerprint;
        this.sample = sample;
    }

    /** {@code context} with this in the place of the payer's own. */
    @Override
    public Context into(Context context) {
        Context heard = context.put(CallListener.class, this);
        return isLogged ? heard.put(AttemptLog.class, this) : heard;
    }

    @Override
    public @Nullable AttemptLog behind() {
        return payer.log();
    }

    /** From now on {@code next} pays. */
    void handTo(Waiter<?, ?> next) {
        Waiter<?, ?> before;
        List<Sent> onTheirWay;
        synchronized (this) {
            before = payer;
            payer = next;
            handedOver = true;
            onTheirWay = List.copyOf(sent);
            for (int i = 0; i < noted.size(); i++) {
                Noted note = noted.get(i);
                if (note != null) {
                    note.log.ended(note.number, Delivery.NOT_SENT, Usage.ZERO, Cost.ZERO);
                    noted.set(i, noteAgain(note.fingerprint, note.sample, note.reserved));
                }
            }
            for (Sent attempt : onTheirWay) {
                if (!isLogged && attempt.note == NOT_NOTED) {
                    attempt.note = keep(noteAgain(fingerprint, sample, Cost.UNKNOWN));
                }
            }
        }
        for (Sent attempt : onTheirWay) {
            before.listener()
                    .tell(new AttemptEnded(
                            before.options(),
                            attempt.attempt,
                            Duration.ZERO,
                            Delivery.NOT_SENT,
                            Usage.ZERO,
                            Cost.ZERO,
                            null));
            next.listener().tell(new AttemptStarted(next.options(), attempt.attempt));
        }
    }

    /** It is on its way: what cannot be noted of it is missing in the accounts, and nothing more. */
    private @Nullable Noted noteAgain(Fingerprint fingerprint, int sample, Cost reserved) {
        AttemptLog log = payer.log();
        try {
            return log == null
                    ? null
                    : new Noted(log, log.started(fingerprint, sample, reserved), fingerprint, sample, reserved);
        } catch (RuntimeException e) {
            LOG.warn("an attempt that was taken over cannot be noted", e);
            return null;
        }
    }

    private long keep(@Nullable Noted note) {
        noted.add(note);
        return noted.size() - 1L;
    }

    @Override
    public synchronized long started(Fingerprint fingerprint, int sample, Cost reserved) {
        AttemptLog log = payer.log();
        return keep(
                log == null
                        ? null
                        : new Noted(log, log.started(fingerprint, sample, reserved), fingerprint, sample, reserved));
    }

    @Override
    public synchronized void ended(long attempt, Delivery delivery, Usage usage, Cost cost) {
        Noted note = noted.set((int) attempt, null);
        if (note != null) {
            note.log.ended(note.number, delivery, usage, cost);
        }
    }

    @Override
    public void on(CallEvent event) {
        if (event instanceof AttemptStarted started) {
            started(started.attempt());
        } else if (event instanceof AttemptEnded ended) {
            ended(ended);
        }
        Waiter<?, ?> told = payer;
        told.listener().tell(handedOver ? of(told.options(), event) : event);
    }

    private synchronized void started(int attempt) {
        Sent next = new Sent(attempt);
        sent.add(next);
        if (!isLogged && payer.log() != null) {
            next.note = started(fingerprint, sample, Cost.UNKNOWN);
        }
    }

    private synchronized void ended(AttemptEnded end) {
        for (int i = 0; i < sent.size(); i++) {
            Sent one = sent.get(i);
            if (one.attempt == end.attempt()) {
                sent.remove(i);
                if (one.note != NOT_NOTED) {
                    ended(one.note, end.delivery(), end.usage(), end.cost());
                }
                return;
            }
        }
    }

    @Override
    public boolean includes(CallListener other) {
        return this == other || payer.listener().includes(other);
    }

    /** {@code event} as one of the call of {@code options}. */
    private static CallEvent of(CallOptions options, CallEvent event) {
        if (event instanceof AttemptEnded end) {
            return new AttemptEnded(
                    options, end.attempt(), end.elapsed(), end.delivery(), end.usage(), end.cost(), end.error());
        } else if (event instanceof AttemptStarted start) {
            return new AttemptStarted(options, start.attempt());
        } else if (event instanceof RetryScheduled retry) {
            return new RetryScheduled(options, retry.attempt(), retry.kind(), retry.delay());
        } else if (event instanceof Admitted admitted) {
            return new Admitted(options, admitted.waited());
        } else if (event instanceof CacheHit hit) {
            return new CacheHit(options, hit.usage(), hit.saved(), hit.whole());
        } else if (event instanceof PaidBefore paid) {
            return new PaidBefore(options, paid.usage(), paid.cost());
        } else if (event instanceof BatchPrice price) {
            return new BatchPrice(options, price.online(), price.batch());
        } else if (event instanceof CallEnded end) {
            return new CallEnded(options, end.elapsed(), end.end(), end.error());
        }
        return event;
    }
}
