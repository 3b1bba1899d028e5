package io.headrace.run;

import io.headrace.CachePolicy;
import io.headrace.CallOptions;
import io.headrace.Outcome;
import io.headrace.Require;
import io.headrace.admission.Gate;
import io.headrace.admission.GateSnapshot;
import io.headrace.admission.Level;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Pipeline;
import io.headrace.flow.Step;
import io.headrace.run.Estimate.StepEstimate;
import io.headrace.run.SeenCalls.OfStep;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Finds out what a pipeline would take over a dataset: lets the rows through it with the cache answering and everything else ending
 * where it would be sent; a sample that several calls ask for counts once. Nothing is sent by calls of {@link io.headrace.layer.CallStack};
 * what a step does otherwise, it does.
 *
 * <p>A row ends in the first step that has a call which is not cached: calls that this step makes at once are all counted, those that it makes
 * only with the answer of another are not, and {@link Estimate#assumptions} says so. For each step after that it is taken to make as many calls as the rows that came
 * there made, one if none did, as large and as dear as the calls that were seen. Immutable after {@link #estimate()} began; not
 * thread-safe before.
 */
public final class EstimateBuilder<I> {

    /** A row in the index. */
    private static final long ROW_BYTES = 16;

    /** Request and answer as texts, encoded and decoded, for each token of about four characters. */
    private static final long BYTES_PER_TOKEN = 32;

    private static final long BYTES_PER_ITEM = 4_096;

    private final Dataset<I> dataset;
    private final Pipeline<I, ?> pipeline;
    private final List<Gate> gates = new ArrayList<>();
    private CachePolicy cachePolicy = CachePolicy.use();
    private long sample = Long.MAX_VALUE;
    private Duration latency = Duration.ofSeconds(1);
    private int concurrency = 100;

    EstimateBuilder(Dataset<I> dataset, Pipeline<I, ?> pipeline) {
        this.dataset = Objects.requireNonNull(dataset, "dataset");
        this.pipeline = Objects.requireNonNull(pipeline, "pipeline");
    }

    /**
     * Tries the first rows only and scales up; default all.
     *
     * @throws IllegalArgumentException if it is below 1
     */
    public EstimateBuilder<I> sample(long rows) {
        if (rows < 1) {
            throw new IllegalArgumentException("a sample has at least 1 row, not " + rows);
        }
        this.sample = rows;
        return this;
    }

    /**
     * How long one call takes, for the duration; default 1 s.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public EstimateBuilder<I> latency(Duration latency) {
        this.latency = Require.notNegative(latency, "latency");
        return this;
    }

    /** How many calls are in flight at once, for duration and memory; default 100. */
    public EstimateBuilder<I> concurrency(int concurrency) {
        this.concurrency = Require.atLeast(1, concurrency, "concurrency");
        return this;
    }

    /** A gate that the calls pass: its known limits per minute or second bound the duration. */
    public EstimateBuilder<I> gate(Gate gate) {
        gates.add(Objects.requireNonNull(gate, "gate"));
        return this;
    }

    /** How the calls would use stored answers; default {@link CachePolicy#use()}. */
    public EstimateBuilder<I> cachePolicy(CachePolicy cachePolicy) {
        this.cachePolicy = Objects.requireNonNull(cachePolicy, "cachePolicy");
        return this;
    }

    /** Reads the dataset, and looks calls up. Each subscription does so again. Cancel ends it. */
    public Mono<Estimate> estimate() {
        return Mono.defer(() -> {
            SeenCalls seen = new SeenCalls(pipeline.steps());
            AtomicLong read = new AtomicLong();
            Flux<Outcome<I>> rows = dataset.items().filter(row -> read.incrementAndGet() <= sample);
            return walk(rows, seen)
                    .then(Mono.fromSupplier(() -> estimate(read.get(), Math.min(read.get(), sample), seen)))
                    .contextWrite(context -> seen.into(CallOptions.from(context)
                            .withCachePolicy(cachePolicy)
                            .into(context)));
        });
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // each step takes what the one before gives
    private Flux<?> walk(Flux<Outcome<I>> rows, SeenCalls seen) {
        Flux<?> stream = rows;
        for (Step step : pipeline.steps()) {
            stream = (Flux<?>) step.apply(stream.doOnNext(seen.of(step)::enters));
        }
        return stream;
    }

    private Estimate estimate(long rows, long walked, SeenCalls seen) {
        double scale = walked == 0 ? 1 : (double) rows / walked;
        List<String> assumptions = new ArrayList<>();
        if (walked < rows) {
            assumptions.add(String.format(
                    Locale.ROOT,
                    "the first %,d of %,d rows were tried, numbers are scaled up from them",
                    walked,
                    rows));
        }
        OfStep all = seen.all();
        List<StepEstimate> steps = new ArrayList<>();
        long ended = 0;
        for (Step<?, ?> step : pipeline.steps()) {
            OfStep here = seen.of(step);
            double callsPerRow = here.callsPerRow();
            long assumed = Math.round(ended * callsPerRow);
            if (assumed > 0) {
                assumptions.add(String.format(
                        Locale.ROOT,
                        "step '%s': %,d rows need answers of steps before, so %s call%s for each was assumed, as large and as"
                                + " dear as the calls that were seen",
                        step.name(),
                        Math.round(ended * scale),
                        callsPerRow == 1 ? "one" : String.format(Locale.ROOT, "%.1f", callsPerRow),
                        callsPerRow == 1 ? "" : "s"));
            }
            steps.add(here.estimate(step.name(), assumed, here.misses() > 0 ? here : all, scale));
            ended += here.ended();
        }
        if (all.misses() > 0) {
            assumptions.add("calls that a step makes only when it has the answer of another one are not counted");
        }
        assumptions.add("output tokens are the most that the requests allow; the least cost is without any output");
        Estimate sums = new Estimate(rows, walked, steps, Duration.ZERO, 0, 0, List.of());
        Duration duration = duration(sums, assumptions);
        long heap = concurrency * (BYTES_PER_ITEM + all.tokensPerMiss() * BYTES_PER_TOKEN);
        return new Estimate(rows, walked, steps, duration, heap, rows * ROW_BYTES, assumptions);
    }

    private Duration duration(Estimate sums, List<String> assumptions) {
        double longest = (double) sums.calls() * TimeUnit.NANOSECONDS.convert(latency) / 1e9 / concurrency;
        assumptions.add("a call takes " + latency.toMillis() + " ms, and " + concurrency + " are in flight at once");
        List<Level> levels = gates.stream()
                .map(Gate::snapshot)
                .flatMap(gate -> Stream.concat(gate.shared().stream(), ofAllKeys(gate.keys())))
                .toList();
        for (Level level : levels) {
            double needs = units(level.resource(), sums) / level.limit() * seconds(level.resource());
            if (level.origin() != Level.Origin.LEARNED && needs > longest) {
                longest = needs;
                assumptions.add(String.format(Locale.ROOT, "%s are limited to %,.0f", level.resource(), level.limit()));
            }
        }
        return Duration.ofMillis((long) (longest * 1_000));
    }

    /** The limits that each key has for itself, added up over those that are in use; one that a key does not know is none. */
    private static Stream<Level> ofAllKeys(List<GateSnapshot.Key> keys) {
        List<List<Level>> inUse = keys.stream()
                .filter(key -> key.gone().isEmpty())
                .map(GateSnapshot.Key::levels)
                .toList();
        return inUse.stream().limit(1).flatMap(List::stream).map(level -> {
            double limit =
                    inUse.stream().mapToDouble(levels -> limit(level, levels)).sum();
            return new Level(level.resource(), 0, limit, level.origin());
        });
    }

    private static double limit(Level like, List<Level> levels) {
        return levels.stream()
                .filter(level -> level.resource().equals(like.resource()) && level.origin() == like.origin())
                .mapToDouble(Level::limit)
                .min()
                .orElse(Double.POSITIVE_INFINITY);
    }

    /** What the run takes of a resource such as {@code input tokens per minute}; 0 of one that no estimate is made of. */
    private static double units(String resource, Estimate sums) {
        if (resource.startsWith("requests")) {
            return sums.calls();
        } else if (resource.startsWith("input tokens")) {
            return sums.inputTokens();
        } else if (resource.startsWith("output tokens")) {
            return sums.outputTokens();
        }
        return resource.startsWith("tokens") ? sums.inputTokens() + sums.outputTokens() : 0;
    }

    private static double seconds(String resource) {
        return resource.endsWith("per minute") ? 60 : resource.endsWith("per second") ? 1 : 0;
    }
}
