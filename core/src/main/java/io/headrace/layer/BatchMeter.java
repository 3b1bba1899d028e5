package io.headrace.layer;

import io.headrace.Cost;
import io.headrace.Usage;
import io.headrace.layer.BatchResponse.Answer;
import io.headrace.layer.BatchResponse.Failure;
import io.headrace.layer.BatchResponse.Result;
import io.headrace.observe.Meter;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * What a batch uses and costs by the meter of its elements: the sum of all answers and failures it brought, whoever waits for them.
 * For the stack that the batches themselves pass.
 */
public final class BatchMeter<Q, R> implements Meter<BatchRequest<Q>, BatchResponse<R>> {

    private final Meter<? super Q, ? super R> elements;

    private BatchMeter(Meter<? super Q, ? super R> elements) {
        this.elements = Objects.requireNonNull(elements, "elements");
    }

    public static <Q, R> BatchMeter<Q, R> of(Meter<? super Q, ? super R> elements) {
        return new BatchMeter<>(elements);
    }

    @Override
    public Cost ceiling(BatchRequest<Q> batch) {
        return batch.requests().stream().map(elements::ceiling).reduce(Cost.ZERO, Cost::plus);
    }

    @Override
    public Usage usage(BatchResponse<R> batch) {
        return batch.results().values().stream()
                .map(result ->
                        of(result, elements::usage, failure -> failure.error().usage()))
                .reduce(Usage.ZERO, Usage::plus);
    }

    @Override
    public Cost cost(BatchResponse<R> batch) {
        return batch.results().values().stream()
                .map(result ->
                        of(result, elements::cost, failure -> failure.error().cost()))
                .reduce(Cost.ZERO, Cost::plus);
    }

    /** That of its first answer. */
    @Override
    public String model(BatchResponse<R> batch) {
        return batch.results().values().stream()
                .flatMap(result -> result instanceof Answer<R> answer
                        ? Stream.of(elements.model(answer.answer()))
                        : Stream.empty())
                .findFirst()
                .orElse("");
    }

    private static <R, T> T of(Result<R> result, Function<R, T> ofAnswer, Function<Failure<R>, T> ofFailure) {
        return result instanceof Answer<R> answer
                ? ofAnswer.apply(answer.answer())
                : ofFailure.apply((Failure<R>) result);
    }
}
