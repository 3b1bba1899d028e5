package io.headrace.run;

import io.headrace.Codec;
import io.headrace.Item;
import io.headrace.Outcome;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The process that {@link CrashTest} kills. */
final class KilledRun {

    private KilledRun() {}

    public static void main(String[] args) {
        try (Checkpoint<String> checkpoint = Checkpoint.builder(Path.of(args[0]), Codec.json(String.class))
                .syncEvery(Duration.ofMillis(50))
                .open()) {
            int quick = Integer.parseInt(args[2]);
            AtomicInteger begun = new AtomicInteger();
            pass(
                    checkpoint,
                    Integer.parseInt(args[1]),
                    () -> Duration.ofMillis(begun.incrementAndGet() <= quick ? 1 : 50));
        } catch (RuntimeException e) {
            System.out.println(e);
        }
    }

    static void pass(Checkpoint<String> checkpoint, int rows, Supplier<Duration> latencies) {
        checkpoint
                .pending(Flux.range(0, rows).map(i -> Outcome.ok(Item.of("r" + i, i, "value of " + i))))
                .flatMap(
                        row -> {
                            Duration latency = latencies.get();
                            return latency.isZero()
                                    ? Mono.just(row)
                                    : Mono.just(row).delayElement(latency);
                        },
                        16,
                        1)
                .transform(checkpoint)
                .blockLast(Duration.ofMinutes(1));
    }
}
