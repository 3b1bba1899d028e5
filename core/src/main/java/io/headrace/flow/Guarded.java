package io.headrace.flow;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;

/** Work of a user's function behind a {@link Guard}, with its signals as they are. */
final class Guarded<V> extends Mono<V> {

    private final Supplier<? extends @Nullable Mono<? extends V>> work;

    private Guarded(Supplier<? extends @Nullable Mono<? extends V>> work) {
        this.work = work;
    }

    /** An operator like Reactor's own, which its hooks see. */
    static <V> Mono<V> of(Supplier<? extends @Nullable Mono<? extends V>> work) {
        return onAssembly(new Guarded<>(work));
    }

    @Override
    public void subscribe(CoreSubscriber<? super V> actual) {
        new Passing<V>(actual).begin(work);
    }

    /** One subscription. */
    private static final class Passing<V> extends Guard<V> {

        private final CoreSubscriber<? super V> actual;

        Passing(CoreSubscriber<? super V> actual) {
            super(actual, actual.currentContext());
            this.actual = actual;
        }

        @Override
        void value(V value) {
            actual.onNext(value);
            actual.onComplete();
        }

        @Override
        void error(Throwable error) {
            actual.onError(error);
        }

        @Override
        void empty() {
            actual.onComplete();
        }
    }
}
