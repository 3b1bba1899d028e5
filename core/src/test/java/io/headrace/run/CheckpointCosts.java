package io.headrace.run;

import com.sun.management.OperatingSystemMXBean;
import io.headrace.Codec;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.Fingerprint;
import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.Tally;
import io.headrace.Usage;
import io.headrace.observe.AttemptLog;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import reactor.core.publisher.Flux;

/**
 * Measures CPU an item of the checkpoint and the time to take a big run up again. By hand:
 * {@code java -Xmx256m -cp ... io.headrace.run.CheckpointCosts [rows]}.
 */
final class CheckpointCosts {

    private static final OperatingSystemMXBean SYSTEM =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private static final Cost PRICE = Cost.of(new BigDecimal("0.000123"));
    private static final Tally TALLY =
            new Tally(1, 0, 1, 0, Duration.ofMillis(1234), Duration.ofMillis(3), Usage.of(321, 123), PRICE, Cost.ZERO);

    private CheckpointCosts() {}

    public static void main(String[] args) throws IOException {
        int rows = args.length > 0 ? Integer.parseInt(args[0]) : 1_000_000;
        Codec<String> codec = new Codec<>() {
            @Override
            public byte[] encode(String value) {
                return value.getBytes(StandardCharsets.ISO_8859_1);
            }

            @Override
            public String decode(byte[] bytes) {
                return new String(bytes, StandardCharsets.ISO_8859_1);
            }
        };
        for (int round = 0; round < 2; round++) {
            Path directory = Files.createTempDirectory("checkpoint-costs");
            report("bare stream", rows, () -> rows(rows).blockLast());
            try (Checkpoint<String> checkpoint =
                    Checkpoint.builder(directory, codec).open()) {
                report("checkpoint", rows, () -> pass(checkpoint, rows));
            }
            AttemptLog[] log = new AttemptLog[1];
            Path attempts = Files.createTempDirectory("attempt-costs");
            try (Checkpoint<String> checkpoint =
                    Checkpoint.builder(attempts, codec).open()) {
                log[0] = checkpoint.attemptLog();
                report("attempt started and ended", rows, () -> {
                    Fingerprint print = new Fingerprint(1, 2, 3, 4);
                    for (int i = 0; i < rows; i++) {
                        log[0].ended(log[0].started(print, 0, PRICE), Delivery.ANSWERED, Usage.of(1, 2), PRICE);
                    }
                });
            }
            Checkpoint<?>[] resumed = new Checkpoint<?>[1];
            report(
                    "resume: open",
                    rows,
                    () -> resumed[0] = Checkpoint.builder(directory, codec).open());
            @SuppressWarnings("unchecked")
            Checkpoint<String> checkpoint = (Checkpoint<String>) resumed[0];
            report("resume: pass over done rows", rows, () -> pass(checkpoint, rows));
            checkpoint.close();
            System.out.printf(
                    Locale.ROOT,
                    "journal %,d bytes, results %,d bytes%n",
                    Files.size(directory.resolve("journal")),
                    Files.size(directory.resolve("results.jsonl")));
        }
    }

    private static Flux<Outcome<String>> rows(int rows) {
        return Flux.range(0, rows)
                .map(i -> new Outcome.Ok<>(
                        new Item<>("row-" + i, i, i, null, "{\"category\":\"economy\",\"topics\":[\"a\",\"b\"]}"),
                        TALLY));
    }

    private static void pass(Checkpoint<String> checkpoint, int rows) {
        checkpoint.pending(rows(rows)).transform(checkpoint).blockLast();
    }

    private static void report(String what, int rows, Runnable work) {
        long cpu = SYSTEM.getProcessCpuTime();
        long wall = System.nanoTime();
        work.run();
        System.out.printf(
                Locale.ROOT,
                "%-30s %6.2f us of CPU a row, %6.2f s%n",
                what,
                (SYSTEM.getProcessCpuTime() - cpu) / 1e3 / rows,
                (System.nanoTime() - wall) / 1e9);
    }
}
