package io.headrace.layer;

import reactor.util.context.Context;
import reactor.util.context.ContextView;

/** Which attempt of its call this is, from 1: the retry layer tells it to the layers inside from the second one on. */
record AttemptNumber(int value) {

    static int from(ContextView context) {
        return context.hasKey(AttemptNumber.class)
                ? context.get(AttemptNumber.class).value()
                : 1;
    }

    static ContextView context(int number) {
        return Context.of(AttemptNumber.class, new AttemptNumber(number));
    }
}
