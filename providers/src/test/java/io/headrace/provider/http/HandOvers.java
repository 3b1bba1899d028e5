package io.headrace.provider.http;

import java.util.concurrent.atomic.AtomicInteger;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Hooks;
import reactor.core.publisher.Operators;
import reactor.netty.Connection;
import reactor.util.context.Context;

/**
 * Runs an action just before one operator of the HTTP client hands its connection over to the next: moments that timing alone meets
 * once in thousands of calls. Watches all operators that are put together while it is open.
 */
final class HandOvers implements AutoCloseable {

    private static final String HOOK = "hand-overs";

    private final AtomicInteger left;

    /**
     * @param number which hand-over to act at, from 1
     */
    HandOvers(int number, Runnable action) {
        this.left = new AtomicInteger(number);
        Hooks.onEachOperator(
                HOOK,
                Operators.lift((source, next) -> new Watched(next, () -> {
                    if (left.decrementAndGet() == 0) {
                        action.run();
                    }
                })));
    }

    /** Whether so many hand-overs came. */
    boolean acted() {
        return left.get() <= 0;
    }

    @Override
    public void close() {
        Hooks.resetOnEachOperator(HOOK);
    }

    private record Watched(CoreSubscriber<? super Object> next, Runnable handOver) implements CoreSubscriber<Object> {

        @Override
        public Context currentContext() {
            return next.currentContext();
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            next.onSubscribe(subscription);
        }

        @Override
        public void onNext(Object value) {
            if (value instanceof Connection) {
                handOver.run();
            }
            next.onNext(value);
        }

        @Override
        public void onError(Throwable error) {
            next.onError(error);
        }

        @Override
        public void onComplete() {
            next.onComplete();
        }
    }
}
