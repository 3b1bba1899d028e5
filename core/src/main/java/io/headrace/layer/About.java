package io.headrace.layer;

import java.util.function.Function;

/** How the errors of layers name the request that they are about. */
final class About {

    private About() {}

    /** What a message begins with: nothing, or provider and model and a colon. */
    static <Q> String prefix(Function<? super Q, String> about, Q request) {
        String name = about.apply(request);
        return name.isEmpty() ? "" : name + ": ";
    }
}
