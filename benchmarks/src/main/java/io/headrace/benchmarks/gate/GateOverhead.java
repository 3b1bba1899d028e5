package io.headrace.benchmarks.gate;

import io.headrace.Call;
import io.headrace.Cost;
import io.headrace.Usage;
import io.headrace.admission.ApiKey;
import io.headrace.admission.Budget;
import io.headrace.admission.Charge;
import io.headrace.admission.Demand;
import io.headrace.admission.Gate;
import io.headrace.admission.Rate;
import io.headrace.observe.Meter;
import java.math.BigDecimal;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import reactor.core.publisher.Mono;

/**
 * What one call pays to pass a gate that has room, with every resource on: slots, four rates, adaptive limits, cool-down, breaker,
 * two keys and a budget of money and tokens. The call itself answers at once; {@link #ungated} is what it costs without a gate.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 5, time = 2)
public class GateOverhead {

    private static final double BAR_NANOS = 3_000;
    private static final Rate WIDE = Rate.perMinute(1_000_000_000_000L);
    private static final Cost PRICE = Cost.of(new BigDecimal("0.000001"));

    private final Call<String, String> call = Mono::just;
    private final Call<String, String> gated = call.with(Gate.builder("overhead")
            .concurrency(1_000)
            .rate(Charge.REQUESTS, WIDE)
            .rate(Charge.RESERVED_TOKENS, WIDE)
            .rate(Charge.INPUT_TOKENS, WIDE)
            .rate(Charge.OUTPUT_TOKENS, WIDE)
            .keys(List.of(new ApiKey("one", "k1"), new ApiKey("two", "k2")))
            .build()
            .layer(request -> new Demand(100, 20, Cost.ZERO), new Metered()));
    private final Budget budget = Budget.of(BigDecimal.valueOf(1_000_000_000_000L), Long.MAX_VALUE / 2);

    static List<Figure> run() {
        try {
            double[] nanos = new Runner(new OptionsBuilder()
                            .include(GateOverhead.class.getName())
                            .build())
                    .run().stream()
                            .mapToDouble(result -> result.getPrimaryResult().getScore())
                            .sorted()
                            .toArray();
            double overhead = nanos[1] - nanos[0];
            return List.of(new Figure(
                    "overhead of a gate with room, all resources on",
                    Math.round(overhead) + " ns a call (" + Math.round(nanos[1]) + " with, " + Math.round(nanos[0])
                            + " without)",
                    "3,000 ns a call",
                    overhead <= BAR_NANOS));
        } catch (RunnerException e) {
            throw new IllegalStateException("the benchmark did not run", e);
        }
    }

    /** The same call by itself, with the budget in its context. */
    @Benchmark
    public @Nullable String ungated() {
        return call.apply("request").contextWrite(budget::into).block();
    }

    /** Through the gate. */
    @Benchmark
    public @Nullable String gated() {
        return gated.apply("request").contextWrite(budget::into).block();
    }

    /** A call of known tokens and price. */
    private static final class Metered implements Meter<String, String> {

        private static final Usage USAGE = Usage.of(100, 20);

        @Override
        public Cost ceiling(String request) {
            return PRICE;
        }

        @Override
        public Usage usage(String answer) {
            return USAGE;
        }

        @Override
        public Cost cost(String answer) {
            return PRICE;
        }

        @Override
        public String model(String answer) {
            return "";
        }
    }
}
