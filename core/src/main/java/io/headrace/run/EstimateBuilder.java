package io.headrace.run;

import io.headrace.CachePolicy;
import io.headrace.CallOptions;
import io.headrace.Fingerprint;
import io.headrace.Outcome;
import io.headrace.Require;
import io.headrace.Usage;
import io.headrace.admission.Gate;
import io.headrace.admission.Level;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Pipeline;
import io.headrace.flow.Step;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallListener;
import io.headrace.observe.DryRun;
import io.headrace.observe.DryRun.Range;
import io.headrace.run.Estimate.StepEstimate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

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
            Map<String, Seen> seen = new LinkedHashMap<>();
            pipeline.steps().forEach(step -> seen.put(step.name(), new Seen()));
            AtomicLong read = new AtomicLong();
            Flux<Outcome<I>> rows = dataset.items().filter(row -> read.incrementAndGet() <= sample);
            return walk(rows, seen)
                    .then(Mono.fromSupplier(() -> estimate(read.get(), Math.min(read.get(), sample), seen)))
                    .contextWrite(context -> observed(seen, context));
        });
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // each step takes what the one before gives
    private Flux<?> walk(Flux<Outcome<I>> rows, Map<String, Seen> seen) {
        Flux<?> stream = rows;
        for (Step step : pipeline.steps()) {
            Seen here = Objects.requireNonNull(seen.get(step.name()));
            stream = (Flux<?>) step.apply(stream.doOnNext(here::enters));
        }
        return stream;
    }

    private Context observed(Map<String, Seen> seen, Context context) {
        CallOptions options = CallOptions.from(context).withCachePolicy(cachePolicy);
        return listener(seen).into(new Counting(seen).into(options.into(context)));
    }

    /** Counts each sample that would be bought once. Thread-safe. */
    private static final class Counting implements DryRun {

        private static final long SPREAD = 0x9E3779B97F4A7C15L;

        private final Map<String, Seen> seen;
        private final LongSet bought = new LongSet();

        Counting(Map<String, Seen> seen) {
            this.seen = seen;
        }

        @Override
        public void wouldSend(CallOptions options, Usage tokens, Range online, Range batch) {
            Seen here = seen.get(options.step());
            if (here != null) {
                here.missed(options.item(), tokens, online, batch);
            }
        }

        @Override
        public boolean isBought(CallOptions options, Fingerprint fingerprint, int sample) {
            boolean isNew;
            synchronized (bought) {
                isNew = bought.add((fingerprint.a() * SPREAD + fingerprint.b() + sample) * SPREAD);
            }
            Seen here = seen.get(options.step());
            if (!isNew && here != null) {
                here.shared(options.item());
            }
            return !isNew;
        }
    }

    private static CallListener listener(Map<String, Seen> seen) {
        return event -> {
            if (event instanceof CallEvent.CacheHit hit && hit.whole()) {
                Seen here = seen.get(hit.options().step());
                if (here != null) {
                    here.hit();
                }
            }
        };
    }

    private Estimate estimate(long rows, long walked, Map<String, Seen> seen) {
        double scale = walked == 0 ? 1 : (double) rows / walked;
        List<String> assumptions = new ArrayList<>();
        if (walked < rows) {
            assumptions.add(String.format(
                    Locale.ROOT,
                    "the first %,d of %,d rows were tried, numbers are scaled up from them",
                    walked,
                    rows));
        }
        Seen all = new Seen();
        seen.values().forEach(all::add);
        List<StepEstimate> steps = new ArrayList<>();
        long ended = 0;
        for (Map.Entry<String, Seen> entry : seen.entrySet()) {
            Seen here = entry.getValue();
            double callsPerRow = here.entered == 0 ? 1 : (double) (here.hits + here.misses) / here.entered;
            long assumed = Math.round(ended * callsPerRow);
            if (assumed > 0) {
                assumptions.add(String.format(
                        Locale.ROOT,
                        "step '%s': %,d rows need answers of steps before, so %s call%s for each was assumed, as large and as"
                                + " dear as the calls that were seen",
                        entry.getKey(),
                        Math.round(ended * scale),
                        callsPerRow == 1 ? "one" : String.format(Locale.ROOT, "%.1f", callsPerRow),
                        callsPerRow == 1 ? "" : "s"));
            }
            steps.add(here.estimate(entry.getKey(), assumed, here.misses > 0 ? here : all, scale));
            ended += here.ended;
        }
        if (all.misses > 0) {
            assumptions.add("calls that a step makes only when it has the answer of another one are not counted");
        }
        assumptions.add("output tokens are the most that the requests allow; the least cost is without any output");
        Estimate sums = new Estimate(rows, walked, steps, Duration.ZERO, 0, 0, List.of());
        Duration duration = duration(sums, assumptions);
        long tokens = all.misses == 0 ? 0 : (all.input + all.output) / all.misses;
        long heap = concurrency * (BYTES_PER_ITEM + tokens * BYTES_PER_TOKEN);
        return new Estimate(rows, walked, steps, duration, heap, rows * ROW_BYTES, assumptions);
    }

    private Duration duration(Estimate sums, List<String> assumptions) {
        double longest = (double) sums.calls() * TimeUnit.NANOSECONDS.convert(latency) / 1e9 / concurrency;
        assumptions.add("a call takes " + latency.toMillis() + " ms, and " + concurrency + " are in flight at once");
        List<Level> levels = gates.stream()
                .map(Gate::snapshot)
                .flatMap(gate -> Stream.concat(
                        gate.shared().stream(), gate.keys().stream().flatMap(key -> key.levels().stream())))
                .toList();
        for (Level level : levels) {
            double units = level.resource().startsWith("requests")
                    ? sums.calls()
                    : level.resource().startsWith("input tokens")
                            ? sums.inputTokens()
                            : level.resource().startsWith("output tokens")
                                    ? sums.outputTokens()
                                    : level.resource().startsWith("tokens")
                                            ? sums.inputTokens() + sums.outputTokens()
                                            : 0;
            double seconds = level.resource().endsWith("per minute")
                    ? 60
                    : level.resource().endsWith("per second") ? 1 : 0;
            double needs = units / level.limit() * seconds;
            if (level.origin() != Level.Origin.LEARNED && needs > longest) {
                longest = needs;
                assumptions.add(String.format(Locale.ROOT, "%s are limited to %,.0f", level.resource(), level.limit()));
            }
        }
        return Duration.ofMillis((long) (longest * 1_000));
    }

    /** What was seen of one step. Thread-safe. */
    private static final class Seen {

        private final LongSet items = new LongSet();
        private long entered;
        private long ended;
        private long hits;
        private long misses;
        private long input;
        private long output;
        private Range online = Range.ZERO;
        private Range batch = Range.ZERO;

        synchronized void enters(Object outcome) {
            if (outcome instanceof Outcome.Ok) {
                entered++;
            }
        }

        synchronized void hit() {
            hits++;
        }

        /** A call that is given the answer of one that would be sent. */
        synchronized void shared(String item) {
            hits++;
            ends(item);
        }

        synchronized void missed(String item, Usage tokens, Range online, Range batch) {
            misses++;
            ends(item);
            input += tokens.inputTokens();
            output += tokens.outputTokens();
            this.online = this.online.plus(online);
            this.batch = this.batch.plus(batch);
        }

        /** The item gets no further: it has no answer. */
        private void ends(String item) {
            ended += items.add(RowKey.of(item)) ? 1 : 0;
        }

        void add(Seen other) {
            hits += other.hits;
            misses += other.misses;
            input += other.input;
            output += other.output;
            online = online.plus(other.online);
            batch = batch.plus(other.batch);
        }

        /**
         * @param assumed calls nobody saw
         * @param like whose calls those are like
         */
        StepEstimate estimate(String step, long assumed, Seen like, double scale) {
            double more = like.misses == 0 ? 0 : (double) assumed / like.misses;
            return new StepEstimate(
                    step,
                    Math.round(hits * scale),
                    Math.round((misses + assumed) * scale),
                    Math.round(assumed * scale),
                    Math.round((input + like.input * more) * scale),
                    Math.round((output + like.output * more) * scale),
                    scaled(online, scale).plus(scaled(like.online, more * scale)),
                    scaled(batch, scale).plus(scaled(like.batch, more * scale)));
        }

        private static Range scaled(Range range, double factor) {
            return new Range(Estimate.scaled(range.least(), factor), Estimate.scaled(range.most(), factor));
        }
    }
}
