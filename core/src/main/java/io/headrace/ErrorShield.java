package io.headrace;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Keeps an {@code onErrorContinue} further down from reaching into a publisher, as {@code onErrorStop} does, but costs nothing
 * where there is none: {@code onErrorStop} always adds a key to the Reactor {@code Context}, and one of more than five keys is a
 * map and slow.
 */
public final class ErrorShield {

    /** Where Reactor looks for what to do with the values that an operator fails on. */
    private static final String ON_NEXT_ERROR = "reactor.onNextError.localStrategy";

    private ErrorShield() {}

    public static <T> Mono<T> round(Mono<T> inside) {
        return Mono.deferContextual(context -> context.hasKey(ON_NEXT_ERROR) ? inside.onErrorStop() : inside);
    }

    public static <T> Flux<T> round(Flux<T> inside) {
        return Flux.deferContextual(context -> context.hasKey(ON_NEXT_ERROR) ? inside.onErrorStop() : inside);
    }
}
