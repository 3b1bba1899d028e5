package io.headrace.observe;

import io.headrace.Cost;
import io.headrace.Usage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A meter for tests that says what it is told to; a batch costs the same unless told otherwise. */
public record ScriptedMeter<Q, R>(
        Function<Q, Cost> ceiling,
        Function<R, Usage> usage,
        Function<R, Cost> cost,
        @Nullable Meter<Q, R> ofBatches) implements Meter<Q, R> {

    public ScriptedMeter(Function<Q, Cost> ceiling, Function<R, Usage> usage, Function<R, Cost> cost) {
        this(ceiling, usage, cost, null);
    }

    /** The same of every request and answer. */
    public static <Q, R> ScriptedMeter<Q, R> of(Cost ceiling, Usage usage, Cost cost) {
        return new ScriptedMeter<>(request -> ceiling, answer -> usage, answer -> cost);
    }

    public ScriptedMeter<Q, R> withBatch(Meter<Q, R> batch) {
        return new ScriptedMeter<>(ceiling, usage, cost, batch);
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
        return ofBatches == null ? this : ofBatches;
    }
}
