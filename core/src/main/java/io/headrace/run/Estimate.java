package io.headrace.run;

import io.headrace.Cost;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Pipeline;
import io.headrace.flow.Step;
import io.headrace.observe.DryRun.Range;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/**
 * What a run would take, found out without sending anything; see {@link EstimateBuilder}. Rows that an earlier run did count as any other:
 * their answers are in the cache.
 *
 * @param rows rows of the dataset
 * @param walked rows that were tried; where fewer than {@code rows}, numbers are scaled up from them
 * @param steps step by step
 * @param duration how long it takes at the least, given the latency and the limits that {@code assumptions} name
 * @param heapBytes what the items in flight take at the most, roughly
 * @param mappedBytes what the row index takes in mapped files
 * @param assumptions what was taken for granted, for people
 */
public record Estimate(
        long rows,
        long walked,
        List<StepEstimate> steps,
        Duration duration,
        long heapBytes,
        long mappedBytes,
        List<String> assumptions) {

    public Estimate {
        steps = List.copyOf(steps);
        Objects.requireNonNull(duration, "duration");
        assumptions = List.copyOf(assumptions);
    }

    /**
     * One step.
     *
     * @param cached calls that the cache answers
     * @param calls calls that would be sent
     * @param assumed the part of {@code calls} that nobody could look at, because they need answers of steps before
     * @param inputTokens tokens of their prompts
     * @param outputTokens the most tokens of their answers
     * @param online what they cost, from without any output to the most
     * @param batch the same by batches; unknown where the provider has none
     */
    public record StepEstimate(
            String step,
            long cached,
            long calls,
            long assumed,
            long inputTokens,
            long outputTokens,
            Range online,
            Range batch) {

        public StepEstimate {
            Objects.requireNonNull(step, "step");
            Objects.requireNonNull(online, "online");
            Objects.requireNonNull(batch, "batch");
        }
    }

    /** Starts an estimate of {@code pipeline} over {@code dataset}. */
    public static <I> EstimateBuilder<I> of(Dataset<I> dataset, Pipeline<I, ?> pipeline) {
        return new EstimateBuilder<>(dataset, pipeline);
    }

    /** The same for a single step. */
    public static <I> EstimateBuilder<I> of(Dataset<I> dataset, Step<I, ?> step) {
        return of(dataset, Pipeline.of(step));
    }

    /** Calls that would be sent. */
    public long calls() {
        return steps.stream().mapToLong(StepEstimate::calls).sum();
    }

    /** Calls that the cache answers. */
    public long cached() {
        return steps.stream().mapToLong(StepEstimate::cached).sum();
    }

    public long inputTokens() {
        return steps.stream().mapToLong(StepEstimate::inputTokens).sum();
    }

    /** The most tokens of all answers. */
    public long outputTokens() {
        return steps.stream().mapToLong(StepEstimate::outputTokens).sum();
    }

    /** What it costs, from the least to the most; calls without a price or a bound are counted as unknown. */
    public Range online() {
        return steps.stream().map(StepEstimate::online).reduce(Range.ZERO, Range::plus);
    }

    /** What it costs by batches; those that their providers cannot answer so are counted as unknown. */
    public Range batch() {
        return steps.stream().map(StepEstimate::batch).reduce(Range.ZERO, Range::plus);
    }

    static Cost scaled(Cost cost, double factor) {
        return new Cost(
                cost.usd().multiply(BigDecimal.valueOf(factor)).stripTrailingZeros(),
                Math.round(cost.unknown() * factor));
    }
}
