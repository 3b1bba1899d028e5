package io.headrace.observe;

import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * Which attempt of its call this is: the retry layer tells it to the layers inside from the second one on.
 *
 * @param value from 1
 */
public record AttemptNumber(int value) {

    /** The number in {@code context}, else 1. */
    public static int from(ContextView context) {
        return context.hasKey(AttemptNumber.class)
                ? context.get(AttemptNumber.class).value()
                : 1;
    }

    /** A context that holds {@code number} and nothing else. */
    public static ContextView context(int number) {
        return Context.of(AttemptNumber.class, new AttemptNumber(number));
    }
}
