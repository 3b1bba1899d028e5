package io.headrace.layer;

import io.headrace.Baggage;
import io.headrace.FatalErrorHandler;
import io.headrace.Priority;
import io.headrace.Urgency;
import io.headrace.WorkSlot;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.Exceptions;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * One call and all who wait for its answer. The first of them leads: the call has the leader's context. When the leader leaves, the next
 * one leads and the call goes on; it is cancelled when the last has left. Thread-safe; nobody is called under the lock.
 */
final class Flight<R> implements CoreSubscriber<R>, FatalErrorHandler, Urgency {

    private final Flights flights;
    private final Flights.Id id;
    private final Waiter<?, R> origin;
    private final FlightLog log;
    private final Context context;
    private final @Nullable LeaderDeltas deltas;
    private final @Nullable LeaderSlot place;

    // under the lock
    private Waiter<?, R> leader;
    private @Nullable Set<Waiter<?, R>> followers;
    private @Nullable Set<Runnable> raised;
    private @Nullable Subscription call;
    private boolean over;
    private volatile Priority priority;

    Flight(Flights flights, Flights.Id id, Waiter<?, R> leader) {
        this.flights = flights;
        this.id = id;
        this.origin = leader;
        this.priority = leader.options().priority();
        this.leader = leader;
        this.log = leader.flightLog();
        this.deltas = leader.deltas();
        WorkSlot slot = WorkSlot.from(leader.context());
        this.place = slot == WorkSlot.NONE ? null : new LeaderSlot(slot);
        Context paid = log.into(leader.context());
        Context inside = Baggage.toChange(paid)
                .with(Urgency.KEY, this)
                .with(FatalErrorHandler.KEY, this)
                .with(WorkSlot.KEY, place == null ? slot : place)
                .into(paid);
        this.context = deltas == null ? inside : deltas.into(inside);
    }

    void begin(Mono<R> answer) {
        answer.subscribe(this);
    }

    /** Whether anybody waits for the answer. */
    synchronized boolean isWanted() {
        return !over;
    }

    /** Whether {@code waiter} will be told of the end. */
    boolean join(Waiter<?, R> waiter) {
        synchronized (this) {
            if (over) {
                return false;
            }
            Set<Waiter<?, R>> all = followers;
            if (all == null) {
                all = new LinkedHashSet<>();
                followers = all;
            }
            all.add(waiter);
        }
        if (deltas != null) {
            deltas.holdUpNobody();
        }
        raise(waiter.options().priority());
        return true;
    }

    /** A joiner of higher priority raises that of the whole call. */
    private void raise(Priority wanted) {
        List<Runnable> told;
        synchronized (this) {
            if (wanted.compareTo(priority) >= 0) {
                return;
            }
            priority = wanted;
            told = raised == null ? List.of() : List.copyOf(raised);
        }
        told.forEach(Runnable::run);
    }

    @Override
    public Priority priority() {
        return priority;
    }

    @Override
    public Disposable onRaise(Runnable raised) {
        synchronized (this) {
            Set<Runnable> all = this.raised;
            if (all == null) {
                all = new LinkedHashSet<>();
                this.raised = all;
            }
            all.add(raised);
        }
        return () -> forget(raised);
    }

    private synchronized void forget(Runnable raised) {
        if (this.raised != null) {
            this.raised.remove(raised);
        }
    }

    /** {@code waiter} wants the answer no more. */
    void leave(Waiter<?, R> waiter) {
        Waiter<?, R> next = null;
        Subscription unwanted = null;
        synchronized (this) {
            if (over) {
                return;
            }
            if (waiter != leader) {
                if (followers != null) {
                    followers.remove(waiter);
                }
                return;
            }
            if (followers == null || followers.isEmpty()) {
                over = true;
                unwanted = call;
            } else {
                next = followers.iterator().next();
                followers.remove(next);
                leader = next;
            }
        }
        if (deltas != null) {
            deltas.leave();
        }
        if (next != null) {
            log.handTo(next);
            if (place != null) {
                place.leave();
            }
            return;
        }
        flights.remove(id, this);
        if (unwanted != null) {
            unwanted.cancel();
        }
    }

    @Override
    public Context currentContext() {
        return context;
    }

    @Override
    public void onSubscribe(Subscription subscription) {
        boolean wanted;
        synchronized (this) {
            wanted = !over && call == null;
            if (wanted) {
                call = subscription;
            }
        }
        if (wanted) {
            subscription.request(Long.MAX_VALUE);
        } else {
            subscription.cancel();
        }
    }

    @Override
    public void onNext(R answer) {
        if (!land(answer, null)) {
            Operators.onNextDropped(answer, context);
        }
    }

    @Override
    public void onError(Throwable error) {
        if (!land(null, error)) {
            Operators.onErrorDropped(error, context);
        }
    }

    @Override
    public void onComplete() {
        land(null, null);
    }

    /** What code inside the call threw ends it for all. */
    @Override
    public boolean handle(Throwable error) {
        return land(null, error);
    }

    /** Tells everybody, with the call forgotten: whoever asks again begins another one. */
    private boolean land(@Nullable R answer, @Nullable Throwable error) {
        Waiter<?, R> first;
        List<Waiter<?, R>> others;
        synchronized (this) {
            if (over) {
                return false;
            }
            over = true;
            first = leader;
            others = followers == null ? List.of() : new ArrayList<>(followers);
            followers = null;
        }
        flights.remove(id, this);
        Throwable thrown = tell(first, true, answer, error);
        for (Waiter<?, R> other : others) {
            Throwable also = tell(other, false, answer, error);
            thrown = thrown == null ? also : thrown;
        }
        if (thrown != null) {
            throw Exceptions.propagate(thrown);
        }
        return true;
    }

    /** What code behind a waiter throws must not keep the others from their answer. */
    private @Nullable Throwable tell(Waiter<?, R> waiter, boolean pays, @Nullable R answer, @Nullable Throwable error) {
        try {
            waiter.landed(origin, pays, answer, error);
            return null;
        } catch (Throwable e) {
            return FatalErrorHandler.handle(e, waiter.context()) ? null : e;
        }
    }
}
