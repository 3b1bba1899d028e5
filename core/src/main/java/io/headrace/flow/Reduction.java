package io.headrace.flow;

import io.headrace.Item;
import io.headrace.Outcome;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import reactor.core.Exceptions;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A bounded fold over the values of all ok items, with a last asynchronous touch such as one call that writes a summary.
 * Items arrive in any order and, in a resumed run, in another order than the first time: the result must not depend on it.
 *
 * <p>Immutable. The state is made per subscription.
 *
 * @param name names the result, in a run also its file: lower-case letters, digits and hyphens
 * @param initial makes an empty state
 * @param add the state with one more item; may change and return the one it got; the state must stay bounded
 * @param finish makes the result of the final state
 * @param <T> the values of the items
 * @param <A> the state
 * @param <S> the result
 */
public record Reduction<T, A, S>(
        String name,
        Supplier<? extends A> initial,
        BiFunction<? super A, ? super Item<T>, ? extends A> add,
        Function<? super A, ? extends Mono<S>> finish) {

    /**
     * @throws IllegalArgumentException for a name that cannot be a file's
     */
    public Reduction {
        if (!name.matches("[a-z0-9][a-z0-9-]*")) {
            throw new IllegalArgumentException(
                    "a reduction's name is made of lower-case letters, digits and hyphens, not '" + name + "'");
        }
        Objects.requireNonNull(initial, "initial");
        Objects.requireNonNull(add, "add");
        Function<? super A, ? extends Mono<S>> unguarded = Objects.requireNonNull(finish, "finish");
        finish = state -> Guarded.of(() -> unguarded.apply(state))
                .onErrorMap(Exceptions::isJvmFatal, e -> new IllegalStateException(e.toString(), e));
    }

    /** A fold whose result is made of its state without waiting for anything. */
    public static <T, A, S> Reduction<T, A, S> of(
            String name,
            Supplier<? extends A> initial,
            BiFunction<? super A, ? super Item<T>, ? extends A> add,
            Function<? super A, ? extends S> finish) {
        return new Reduction<>(name, initial, add, state -> Mono.justOrEmpty(finish.apply(state)));
    }

    /** The result over a stream, for use without a run: failed and skipped items are left out. */
    public Mono<S> apply(Flux<? extends Outcome<T>> items) {
        return items.<A>reduceWith(initial::get, this::add).flatMap(finish);
    }

    private A add(A state, Outcome<T> outcome) {
        return outcome instanceof Outcome.Ok<T> ok ? add.apply(state, ok.item()) : state;
    }
}
