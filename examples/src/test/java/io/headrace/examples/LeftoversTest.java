package io.headrace.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.admission.Gate;
import io.headrace.batch.BatchQueue;
import io.headrace.cache.rocksdb.RocksDbCache;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.http.HttpTransport;
import io.headrace.provider.openai.OpenAi;
import io.headrace.run.Run;
import io.headrace.testkit.Fault;
import io.headrace.testkit.SimulatedBatches;
import io.headrace.testkit.SimulatedProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Mono;

/** A process that opens and closes everything again and again, however it ends, has no more files and threads than at first. */
@EnabledOnOs(OS.LINUX)
@Timeout(120)
class LeftoversTest {

    private static final Duration SOON = Duration.ofSeconds(30);

    /** After the first, which is not looked at. */
    private static final int ROUNDS = Integer.getInteger("headrace.leftovers.rounds", 1);

    @TempDir
    Path directory;

    private enum Ending {
        DONE,
        STOPPED,
        CANCELLED,
        FAILING,
        IN_BATCHES,
        CANNOT_OPEN
    }

    @Test
    void rounds_leaveNoFileNoThreadAndNothingInTheTemporaryFolder() throws IOException {
        Set<Thread> others = Thread.getAllStackTraces().keySet();
        for (Ending ending : Ending.values()) {
            round("warm-" + ending, ending);
        }
        int files = files().size();
        Set<String> temporary = temporary();
        for (int i = 0; i < ROUNDS; i++) {
            for (Ending ending : Ending.values()) {
                round(ending + "-" + i, ending);
            }
        }
        await(() -> ownThreads(others).isEmpty(), () -> "threads " + ownThreads(others));
        await(() -> files().size() <= files, () -> files + " files, and then " + kinds());
        Set<String> made = temporary(); // some by other processes, which remove them in time
        made.removeAll(temporary);
        await(() -> temporary().stream().noneMatch(made::contains), () -> "temporary " + made);
    }

    @SuppressWarnings("MustBeClosedChecker")
    private void round(String name, Ending ending) throws IOException {
        Path folder = Files.createDirectories(directory.resolve(name));
        Path rows = folder.resolve("rows.jsonl");
        Files.write(
                rows,
                IntStream.range(0, 30)
                        .mapToObj(i -> "{\"text\":\"row " + i + " of " + name + "\"}")
                        .toList());
        SimulatedProvider server =
                SimulatedProvider.builder().batches(SimulatedBatches.DEFAULT).start();
        HttpTransport transport = HttpTransport.builder().build();
        OpenAi openAi = OpenAi.builder()
                .baseUrl(server.baseUrl() + "/v1")
                .identity("same")
                .apiKey("k")
                .transport(transport)
                .build();
        try (RocksDbCache cache = RocksDbCache.open(folder.resolve("cache"));
                BatchQueue queue = BatchQueue.builder(folder.resolve("batches"))
                        .poll(Duration.ofMillis(5), Duration.ofMillis(10))
                        .open()) {
            if (ending == Ending.FAILING) {
                server.failWhen(request -> request.body().contains("row 1"), Fault.cutBody());
                server.failWhen(request -> request.body().contains("row 2"), Fault.resetAfterRead());
            } else if (ending == Ending.STOPPED || ending == Ending.CANCELLED) {
                server.failWhen(request -> request.body().contains("row 2"), Fault.stall());
            }
            CallStack<ChatRequest, ChatResponse> stack =
                    CallStack.chat(openAi.chat()).cache(cache).noRetry();
            Call<ChatRequest, ChatResponse> chat = ending == Ending.IN_BATCHES
                    ? stack.batches(queue, openAi.chatBatches()).build()
                    : stack.gate(Gate.builder("g").noBreaker().notAdaptive().build())
                            .build();
            Run.Builder<String, String> builder = Run.builder(
                            Dataset.jsonl(ending == Ending.CANNOT_OPEN ? folder.resolve("none.jsonl") : rows)
                                    .text("text"),
                            Step.<String, String>map(
                                    "ask",
                                    text -> chat.apply(ChatRequest.builder("m")
                                                    .user(text)
                                                    .build())
                                            .map(ChatResponse::text)),
                            folder.resolve("out"),
                            Codec.json(String.class))
                    .grace(Duration.ofMillis(20));
            if (ending == Ending.IN_BATCHES) {
                builder.batches(queue);
            }
            Run<String> run = builder.build();
            switch (ending) {
                case IN_BATCHES -> queue.rounds(run.execute()).block(SOON);
                case STOPPED ->
                    Mono.delay(Duration.ofMillis(30))
                            .doOnNext(any -> run.stop())
                            .then(Mono.<Object>empty())
                            .mergeWith(run.execute().cast(Object.class))
                            .blockLast(SOON);
                case CANCELLED ->
                    run.execute()
                            .takeUntilOther(Mono.delay(Duration.ofMillis(30)))
                            .block(SOON);
                default -> run.execute().onErrorResume(e -> Mono.empty()).block(SOON);
            }
            if (ending == Ending.CANNOT_OPEN) {
                for (int i = 0; i < 3; i++) {
                    assertFails(() -> RocksDbCache.open(folder.resolve("cache")).close());
                    assertFails(() -> BatchQueue.open(folder.resolve("batches")).close());
                    assertFails(() -> RocksDbCache.open(rows).close());
                    assertFails(() -> BatchQueue.open(rows).close());
                }
            }
        }
        openAi.close();
        transport.disposeLater().block(SOON);
        server.close();
        if (ending != Ending.DONE) {
            remove(folder);
        }
    }

    private static void assertFails(Runnable opening) {
        boolean opened = true;
        try {
            opening.run();
        } catch (RuntimeException e) {
            opened = false;
        }
        assertThat(opened).isFalse();
    }

    private static void remove(Path folder) throws IOException {
        await(
                () -> {
                    try (Stream<Path> all = Files.walk(folder)) {
                        for (Path path : all.sorted((a, b) -> b.compareTo(a)).toList()) {
                            Files.deleteIfExists(path);
                        }
                        return true;
                    } catch (IOException e) {
                        return false;
                    }
                },
                () -> "cannot remove " + folder);
    }

    private static Set<String> temporary() {
        try (Stream<Path> all = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return all.map(path -> path.getFileName().toString())
                    .filter(name -> name.contains("headrace") || name.contains("rocksdb"))
                    .collect(Collectors.toSet());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static List<String> ownThreads(Set<Thread> others) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> !others.contains(thread))
                .filter(Thread::isAlive)
                .map(Thread::getName)
                .filter(name -> name.startsWith("headrace"))
                .sorted()
                .toList();
    }

    /** Where the descriptors of this process lead. */
    private static List<String> files() {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.map(descriptor -> {
                        try {
                            return Files.readSymbolicLink(descriptor).toString();
                        } catch (IOException e) {
                            return "";
                        }
                    })
                    .filter(target -> !target.isEmpty() && !target.endsWith(".jar"))
                    .toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static Map<String, Long> kinds() {
        return files().stream()
                .map(target -> target.replaceAll("[0-9]+", "N"))
                .collect(Collectors.groupingBy(kind -> kind, TreeMap::new, Collectors.counting()));
    }

    /** Threads and descriptors go a moment after what they were for. */
    private static void await(BooleanSupplier condition, Supplier<String> what) {
        long end = System.nanoTime() + SOON.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - end).as(what.get()).isNegative();
            LockSupport.parkNanos(1_000_000);
        }
    }
}
