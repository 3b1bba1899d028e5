package io.headrace.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.admission.Gate;
import io.headrace.cache.rocksdb.RocksDbCache;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.openai.OpenAi;
import io.headrace.run.Run;
import io.headrace.run.RunReport.End;
import io.headrace.testkit.Latency;
import io.headrace.testkit.SimulatedProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedThread;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A service shares its event loops and timers with everybody: a run reads, writes and forces no file there, and does not sleep. */
@Timeout(60)
class NothingBlocksTest {

    private static final List<String> BLOCKING =
            List.of("jdk.FileRead", "jdk.FileWrite", "jdk.FileForce", "jdk.ThreadSleep");

    @TempDir
    Path directory;

    @Test
    void run_touchesNoFileOnThreadsThatMustNotBlock() throws IOException {
        Path recorded = directory.resolve("recorded.jfr");
        Files.write(
                directory.resolve("rows.jsonl"),
                IntStream.range(0, 300)
                        .mapToObj(i -> "{\"text\":\"row " + i + "\"}")
                        .toList());
        try (Recording recording = new Recording()) {
            BLOCKING.forEach(event ->
                    recording.enable(event).withThreshold(Duration.ZERO).withStackTrace());
            recording.start();
            run();
            recording.stop();
            recording.dump(recorded);
        }
        List<RecordedEvent> events = RecordingFile.readAllEvents(recorded);
        assertThat(events.stream().filter(event -> thread(event).startsWith("headrace-files")))
                .isNotEmpty(); // what is looked for can be seen
        assertThat(events.stream().filter(NothingBlocksTest::isOutOfPlace).map(RecordedEvent::toString))
                .isEmpty();
    }

    private void run() {
        try (SimulatedProvider server = SimulatedProvider.builder()
                        .requireKey(false)
                        .latency(Latency.fixed(Duration.ofMillis(20)))
                        .start();
                OpenAi openAi =
                        OpenAi.builder().baseUrl(server.baseUrl() + "/v1").build();
                RocksDbCache cache = RocksDbCache.open(directory.resolve("cache"))) {
            Call<ChatRequest, ChatResponse> chat = CallStack.chat(openAi.chat())
                    .cache(cache)
                    .gate(Gate.builder("account").concurrency(5).build())
                    .build();
            Step<String, String> answer = Step.map(
                    "answer",
                    text -> chat.apply(ChatRequest.builder("gpt-4o-mini")
                                    .user(text)
                                    .maxOutputTokens(20)
                                    .build())
                            .map(ChatResponse::text));
            Run<String> run = Run.builder(
                            Dataset.jsonl(directory.resolve("rows.jsonl")).text("text"),
                            answer,
                            directory.resolve("run"),
                            Codec.json(String.class))
                    .build();
            assertThat(run.execute()
                            .doOnSubscribe(begun ->
                                    run.progress(Duration.ofMillis(100)).subscribe())
                            .block()
                            .end())
                    .isEqualTo(End.FINISHED);
        }
    }

    /** But for classes that are loaded, and the standard output, to which loggers write: a file without a name. */
    private static boolean isOutOfPlace(RecordedEvent event) {
        String thread = thread(event);
        boolean mustNotBlock = thread.startsWith("parallel") || thread.startsWith("reactor-http");
        boolean isNamed = !event.hasField("path") || event.getString("path") != null;
        return mustNotBlock && isNamed && !isLoadingClasses(event);
    }

    private static boolean isLoadingClasses(RecordedEvent event) {
        return event.getStackTrace() != null
                && event.getStackTrace().getFrames().stream()
                        .map(frame -> frame.getMethod().getType().getName())
                        .anyMatch(type -> type.startsWith("jdk.internal.loader"));
    }

    private static String thread(RecordedEvent event) {
        RecordedThread thread = event.getThread();
        return thread == null || thread.getJavaName() == null ? "" : thread.getJavaName();
    }
}
