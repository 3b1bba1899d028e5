package io.headrace.benchmarks;

import io.headrace.Codec;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Step;
import io.headrace.run.Run;
import io.headrace.run.RunReport;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.IntStream;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What a run costs without a network: its memory and time over many items, going on with a finished run, and what slow items
 * cost the others.
 *
 * <p>Arguments: {@code memory DIRECTORY ITEMS}, again with the same directory for the time that resuming takes, or {@code
 * stragglers}.
 */
public final class InProcess {

    private InProcess() {}

    public static void main(String[] args) {
        if (args.length == 3 && args[0].equals("memory")) {
            memory(Path.of(args[1]), Integer.parseInt(args[2]));
        } else if (args.length == 1 && args[0].equals("stragglers")) {
            stragglers();
        } else {
            System.err.println("usage: InProcess memory DIRECTORY ITEMS | stragglers");
            System.exit(1);
        }
    }

    private static void memory(Path directory, int items) {
        Measure measure = Measure.start();
        Dataset<String> rows = Dataset.from("numbers", Flux.range(0, items).map(n -> "text of row " + n));
        Step<String, String> step = Step.map("echo", text -> Mono.just(text + ", answered"));
        RunReport report = Objects.requireNonNull(Run.builder(rows, step, directory, Codec.json(String.class))
                .build()
                .execute()
                .block());
        measure.print(report.total().items().ok());
        System.gc();
        long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() >> 20;
        System.out.println("heap after gc " + heap + " MB, done in this run "
                + report.thisRun().items().ok());
    }

    /**
     * One item of 500 takes 2 s and the others 20 ms. Slots that hold slow items are busy and not lost, so the measure is the
     * sum of all latencies over the concurrency, up to 99 of 100 items: the last slow ones have nobody to hold up.
     */
    private static void stragglers() {
        int items = 60_000;
        int concurrency = 100;
        Step<Integer, Integer> step = Step.<Integer, Integer>map(
                        "wait", n -> Mono.delay(latency(n)).thenReturn(n))
                .concurrency(concurrency);
        double ideal =
                IntStream.range(0, items).mapToLong(n -> latency(n).toMillis()).sum() / 1e3 / concurrency;
        long start = System.nanoTime();
        Dataset.from("numbers", Flux.range(0, items))
                .items()
                .transform(step)
                .take(items * 99L / 100)
                .blockLast();
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf(
                Locale.ROOT,
                "99 %% of %d items, 0.2 %% of them of 2 s among 20 ms: %.2f s, all slots full %.2f s, lost %.1f %%%n",
                items,
                seconds,
                0.99 * ideal,
                100 * (1 - 0.99 * ideal / seconds));
    }

    private static Duration latency(int item) {
        return Duration.ofMillis(item % 500 == 250 ? 2_000 : 20);
    }
}
