package io.headrace;

import reactor.core.publisher.Mono;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * The place of an item among those that its step has at work. A layer that makes a call wait, for a limit or before a retry, gives the place
 * back for that time, so that the step can work on another item:
 *
 * <pre>{@code
 * Mono<Void> turn = WorkSlot.from(context).during(Mono.delay(backoff).then());
 * }</pre>
 *
 * <p>An item whose wait is over takes the next free place, before any new item. An item that makes several calls at once gives its place back
 * when one of them waits, and takes one again for the first that goes on. Outside any step there are no places.
 *
 * <p>Thread-safe; no method waits or throws.
 */
public interface WorkSlot {

    /** Where it lies in the Reactor {@code Context}. */
    Baggage.Key<WorkSlot> KEY = new Baggage.Key<>();

    /** Outside any step. */
    WorkSlot NONE = new WorkSlot() {
        @Override
        public Wait newWait() {
            return Wait.NONE;
        }

        @Override
        public void atLeast(int limit) {}
    };

    /** The slot of the item that is worked on in {@code context}, else {@link #NONE}. */
    static WorkSlot from(ContextView context) {
        return KEY.from(context, NONE);
    }

    /** Puts this slot and {@code options} into {@code context}. */
    default Context into(Context context, CallOptions options) {
        return Baggage.toChange(context)
                .with(KEY, this)
                .with(CallOptions.KEY, options)
                .with(Urgency.KEY, null)
                .into(context);
    }

    /** A wait of one call, not begun. */
    Wait newWait();

    /**
     * Raises the concurrency of a step whose user stated none, so that a growing limit can be used; up to the step's ceiling, and never down.
     * Nearly free if nothing changes. May start items on this thread: call it outside locks.
     */
    void atLeast(int limit);

    /** {@code wait} with the place given back meanwhile; ends when the item has a place again. An error or a cancel does not wait. */
    default Mono<Void> during(Mono<Void> wait) {
        return Mono.defer(() -> {
            Wait mine = newWait();
            Mono<Void> end = Mono.create(sink -> {
                if (mine.end(sink::success)) {
                    sink.success();
                }
            });
            return Mono.when(wait.then(end), Mono.fromRunnable(mine::begin)) // begun only if it is not over at once
                    .doOnError(error -> mine.cancel())
                    .doOnCancel(mine::cancel);
        });
    }

    /** One wait of one call: begun at most once, then ended or cancelled once; later calls have no effect. */
    interface Wait {

        /** Nothing is given back. */
        Wait NONE = new Wait() {
            @Override
            public void begin() {}

            @Override
            public boolean end(Runnable goOn) {
                return true;
            }

            @Override
            public void cancel() {}
        };

        /**
         * Gives the item's place back. May start other items on this thread: call it outside locks, and after the call has joined its queue,
         * or the others will stand before it.
         */
        void begin();

        /**
         * The reason to wait is gone. If true, the item has its place and the call goes on. If false, {@code goOn} runs once, when the item has
         * a place, on the thread that freed it; never if the item's stream is over, which cancels it. Calls nobody, so it may be called under
         * the lock of a gate.
         */
        boolean end(Runnable goOn);

        /** The call does not go on. Its item may, and takes a place at once. May be called under a lock too. */
        void cancel();
    }
}
