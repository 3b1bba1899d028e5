package io.headrace.observe;

import io.headrace.Cost;
import io.headrace.Usage;
import java.util.function.Function;

/** A meter for tests that says what it is told to; a batch costs the same. */
public record ScriptedMeter<Q, R>(Function<Q, Cost> ceiling, Function<R, Usage> usage, Function<R, Cost> cost)
        implements Meter<Q, R> {

    /** The same of every request and answer. */
    public static <Q, R> ScriptedMeter<Q, R> of(Cost ceiling, Usage usage, Cost cost) {
        return new ScriptedMeter<>(request -> ceiling, answer -> usage, answer -> cost);
    }

    @Override
    public Cost ceiling(Q request) {
        return ceiling.apply(request);
    }

    @Override
    public Usage usage(R answer) {
        return usage.apply(answer);
    }

    @Override
    public Cost cost(R answer) {
        return cost.apply(answer);
    }

    @Override
    public String model(R answer) {
        return "";
    }

    @Override
    public Meter<Q, R> batch() {
        return this;
    }
}
