package io.headrace.observe;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BinaryOperator;

/**
 * A running sum of immutable values, exact where a {@code LongAdder} is not enough, as with decimals. Thread-safe without a
 * lock: the sum is swapped atomically.
 */
final class Sum<T> {

    private final BinaryOperator<T> plus;
    private final AtomicReference<T> sum;

    Sum(T zero, BinaryOperator<T> plus) {
        this.plus = plus;
        this.sum = new AtomicReference<>(zero);
    }

    void add(T value) {
        sum.accumulateAndGet(value, plus);
    }

    T get() {
        return Objects.requireNonNull(sum.get());
    }
}
