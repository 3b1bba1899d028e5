package io.headrace.flow;

import io.headrace.Outcome;
import io.headrace.WorkSlot.Wait;
import io.headrace.flow.Places.Place;
import io.headrace.flow.Places.Returning;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * Lets the items of one stream into a step as it has places, and those that waited back to work before them. Stands before the
 * {@code flatMap} that does the work, whose demand tells it how many items have left. What was asked for and finds no place when it
 * comes is kept here: at most as many items as the window has places.
 *
 * <p>Nothing is called under the lock; whoever frees a place lets others go on, one thread at a time and without recursion.
 */
final class Turnstile<I> implements CoreSubscriber<Outcome<I>>, Subscription {

    private final CoreSubscriber<? super ItemSlot<I>> actual;
    private final String step;
    private final @Nullable FlowControl control;
    private final Object lock = new Object();
    private final AtomicInteger passing = new AtomicInteger();
    private volatile int limit;
    private volatile boolean grows;

    // under the lock
    private final Places places;
    private final ArrayDeque<Outcome<I>> delivered = new ArrayDeque<>();
    private boolean entering;
    private boolean sourceIsDone;
    private boolean over;

    private @Nullable Subscription source;
    private volatile boolean started;

    Turnstile(CoreSubscriber<? super ItemSlot<I>> actual, String step, Window window) {
        this.actual = actual;
        this.step = step;
        this.control = window.control();
        this.limit = window.concurrency();
        this.grows = !window.stated();
        this.places = new Places(limit);
    }

    String step() {
        return step;
    }

    FlowControl.Load load() {
        synchronized (lock) {
            return new FlowControl.Load(step, limit, places.working(), places.waiting(), places.finished());
        }
    }

    @Override
    public Context currentContext() {
        return actual.currentContext();
    }

    @Override
    public void onSubscribe(Subscription subscription) {
        if (Operators.validate(source, subscription)) {
            source = subscription;
            if (control != null) {
                control.opened(this);
            }
            actual.onSubscribe(this);
        }
    }

    @Override
    public void onNext(Outcome<I> outcome) {
        boolean enters;
        boolean isLate;
        synchronized (lock) {
            isLate = over;
            places.delivered();
            enters = !isLate && !entering && delivered.isEmpty() && places.mayEnter();
            if (enters) {
                places.enter();
            } else if (!isLate) {
                delivered.add(outcome);
            }
        }
        if (isLate) {
            Operators.onNextDropped(outcome, currentContext());
        } else if (enters) {
            actual.onNext(new ItemSlot<>(outcome, this));
        } else {
            pass();
        }
    }

    @Override
    public void onError(Throwable error) {
        if (end()) {
            actual.onError(error);
        } else {
            Operators.onErrorDropped(error, currentContext());
        }
    }

    /** Items inside may still have to wait for a place: the end is told when the last has left. */
    @Override
    public void onComplete() {
        synchronized (lock) {
            sourceIsDone = true;
        }
        pass();
    }

    /** The first demand opens; each further one tells of items that have left. */
    @Override
    public void request(long n) {
        if (started) {
            synchronized (lock) {
                places.leave(n);
            }
        }
        started = true;
        pass();
    }

    /** Does as the control says now. */
    void adjust() {
        if (control == null) {
            return;
        }
        synchronized (lock) {
            places.shut(control.isPaused());
            Integer changed = control.concurrency(step);
            if (changed != null) {
                grows = false;
                limit = changed;
            }
            places.limit(control.shareOf(limit));
        }
        if (started) {
            pass();
        }
    }

    @Override
    public void cancel() {
        if (end() && source != null) {
            source.cancel();
        }
    }

    void finish(Place place) {
        boolean othersWait;
        synchronized (lock) {
            places.finish(place);
            othersWait = places.waiting() > 0;
        }
        if (othersWait) {
            pass();
        }
    }

    Wait newWait(Place place) {
        return new ItemWait(place);
    }

    void atLeast(long items) {
        if (!grows || limit >= Math.min(items, Window.CEILING)) {
            return;
        }
        synchronized (lock) {
            if (grows) {
                limit = (int) Math.max(limit, Math.min(items, Window.CEILING));
                places.limit(control == null ? limit : control.shareOf(limit));
            }
        }
        pass();
    }

    private boolean end() {
        boolean first;
        synchronized (lock) {
            first = !over;
            over = true;
            delivered.clear();
        }
        if (first && control != null) {
            control.closed(this);
        }
        return first;
    }

    /** Lets everybody through who may. */
    private void pass() {
        if (passing.getAndIncrement() != 0) {
            return;
        }
        int missed = 1;
        do {
            while (passOne()) {}
            missed = passing.addAndGet(-missed);
        } while (missed != 0);
    }

    /** Whether there may be another. */
    private boolean passOne() {
        Returning back = null;
        Outcome<I> entered = null;
        int ask = 0;
        boolean ended = false;
        synchronized (lock) {
            entering = false;
            if (over) {
                return false;
            }
            back = places.next();
            if (back == null && !delivered.isEmpty() && places.mayEnter()) {
                entered = delivered.poll();
                places.enter();
                entering = true;
            } else if (back == null && sourceIsDone) {
                ended = delivered.isEmpty() && places.isEmpty();
                over = ended;
            } else if (back == null) {
                ask = places.ask(delivered.size());
            }
        }
        if (back != null) {
            back.goOn().run();
            return true;
        }
        if (entered != null) {
            actual.onNext(new ItemSlot<>(entered, this));
            return true;
        }
        if (ended) {
            if (control != null) {
                control.closed(this);
            }
            actual.onComplete();
        } else if (ask > 0 && source != null) {
            source.request(ask);
        }
        return false;
    }

    /** One wait of one call of an item. */
    private final class ItemWait implements Wait {

        private final Place place;

        // under the lock
        private boolean begun;
        private boolean ended;
        private @Nullable Returning inLine;

        ItemWait(Place place) {
            this.place = place;
        }

        @Override
        public void begin() {
            synchronized (lock) {
                if (begun || ended) {
                    return;
                }
                begun = true;
                places.give(place);
            }
            pass();
        }

        @Override
        public boolean end(Runnable goOn) {
            synchronized (lock) {
                if (over) { // and cancelled in a moment: what it would still send would be paid for nothing
                    return false;
                }
                boolean goes = ended || !begun;
                ended = true;
                if (goes) {
                    return true;
                }
                Returning call = new Returning(place, goOn);
                if (places.takeOrQueue(call)) {
                    return true;
                }
                inLine = call;
                return false;
            }
        }

        @Override
        public void cancel() {
            synchronized (lock) {
                if (inLine != null) {
                    places.giveUp(inLine);
                } else if (begun && !ended) {
                    places.takeAgain(place);
                }
                ended = true;
                inLine = null;
            }
        }
    }
}
