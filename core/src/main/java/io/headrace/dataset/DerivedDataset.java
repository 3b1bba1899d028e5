package io.headrace.dataset;

import io.headrace.Outcome;
import java.util.OptionalLong;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;

/**
 * Another dataset seen through an operator.
 *
 * @param how what the operator does, for the signature
 */
record DerivedDataset<T>(Dataset<?> source, String how, OptionalLong size, Supplier<Flux<Outcome<T>>> rows)
        implements Dataset<T> {

    @Override
    public String name() {
        return source.name();
    }

    @Override
    public String signature() {
        return source.signature() + " " + how;
    }

    @Override
    public Flux<Outcome<T>> items() {
        return rows.get();
    }

    @Override
    public void check() {
        source.check();
    }

    @Override
    public String toString() {
        return "Dataset[" + signature() + "]";
    }
}
