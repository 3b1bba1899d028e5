package io.headrace.run;

import io.headrace.ErrorText;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * The rows of a dataset, which end with an error whatever is thrown where they are asked for, the errors that Reactor rethrows included:
 * thrown on a thread of the run, such an error would end no stream, and the run would wait for ever.
 */
final class GuardedRows<T> extends Flux<T> {

    private final Flux<T> rows;

    GuardedRows(Flux<T> rows) {
        this.rows = rows;
    }

    @Override
    public void subscribe(CoreSubscriber<? super T> actual) {
        new Guard<T>(actual).begin(rows);
    }

    /** One subscription. */
    private static final class Guard<T> implements CoreSubscriber<T>, Subscription {

        private final CoreSubscriber<? super T> actual;
        private @Nullable Subscription upstream;
        private boolean done;

        Guard(CoreSubscriber<? super T> actual) {
            this.actual = actual;
        }

        void begin(Flux<T> rows) {
            try {
                rows.subscribe(this);
            } catch (RuntimeException | AssertionError | StackOverflowError | LinkageError e) {
                broken(e);
            }
        }

        private void broken(Throwable error) {
            Subscription from = upstream;
            if (from == null) {
                actual.onSubscribe(Operators.emptySubscription());
            } else {
                from.cancel();
            }
            onError(new IllegalStateException("the dataset failed: " + ErrorText.of(error), error));
        }

        @Override
        public Context currentContext() {
            return actual.currentContext();
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            if (Operators.validate(upstream, subscription)) {
                upstream = subscription;
                actual.onSubscribe(this);
            }
        }

        @Override
        public void onNext(T row) {
            if (done) {
                Operators.onNextDropped(row, currentContext());
            } else {
                actual.onNext(row);
            }
        }

        @Override
        public void onError(Throwable error) {
            if (done) {
                Operators.onErrorDropped(error, currentContext());
                return;
            }
            done = true;
            actual.onError(error);
        }

        @Override
        public void onComplete() {
            if (!done) {
                done = true;
                actual.onComplete();
            }
        }

        @Override
        public void request(long n) {
            try {
                Objects.requireNonNull(upstream).request(n);
            } catch (RuntimeException | AssertionError | StackOverflowError | LinkageError e) {
                broken(e);
            }
        }

        @Override
        public void cancel() {
            Objects.requireNonNull(upstream).cancel();
        }
    }
}
