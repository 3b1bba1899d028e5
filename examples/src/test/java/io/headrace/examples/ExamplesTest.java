package io.headrace.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs the examples as their readers do, and checks what they print. */
@Timeout(60)
class ExamplesTest {

    @Test
    void firstCall_retriesAndThenReadsTheCache() {
        assertThat(printed(() -> FirstCall.main(new String[0])).lines())
                .containsExactly(
                        "asked: [\"court\",\"contract\",\"bank\",\"customer\",\"ruled\"]",
                        "asked again: [\"court\",\"contract\",\"bank\",\"customer\",\"ruled\"]",
                        "requests sent: 2");
    }

    @Test
    void streamingChat_printsTheAnswerInPieces_andThenReadsTheCache() {
        assertThat(printed(() -> StreamingChat.main(new String[0])).lines())
                .containsExactly(
                        "The text is about duck, goose, swim, pond and beside.",
                        "pieces from the cache: 1",
                        "requests sent: 1");
    }

    @Test
    void structuredOutput_givesRecords() {
        assertThat(printed(() -> StructuredOutput.main(new String[0])).lines())
                .containsExactly(
                        "Note[kind=TRAVEL, place=Optional[Vienna], days=3]",
                        "Note[kind=MONEY, place=Optional[bank], days=30]");
    }

    @Test
    void toolCalls_goOnFromWhatTheToolGave() {
        assertThat(printed(() -> ToolCalls.main(new String[0])).lines())
                .containsExactly(
                        "the model calls get_weather with {\"city\":\"Lisbon\"}",
                        "The tool gave: Sunny in Lisbon, 21 degrees.");
    }

    @Test
    void nearestNeighbours_areAboutTheQuestion() {
        assertThat(printed(() -> NearestNeighbours.main(new String[0])).lines())
                .hasSize(2)
                .allMatch(line -> line.contains("ducks"));
    }

    @Test
    void localEmbeddings_goInBatches() {
        assertThat(printed(() -> LocalEmbeddings.main(new String[0])).lines())
                .containsExactly("4 texts, 12 vectors, requests sent: 3");
    }

    @Test
    void plainFlux_hasNothingLeftToDoTheSecondTime(@TempDir Path directory) throws IOException {
        String[] arguments = {directory.toString()};

        assertThat(printed(() -> PlainFlux.main(arguments)).lines())
                .hasSize(31)
                .anyMatch(line -> line.startsWith("sourdough [\"bread\","))
                .last()
                .isEqualTo("Statistics[30 items, 30 calls, 30 attempts]");
        assertThat(printed(() -> PlainFlux.main(arguments)).lines())
                .containsExactly("Statistics[0 items, 0 calls, 0 attempts]");
        assertThat(Files.readAllLines(directory.resolve("results.jsonl"))).hasSize(30);
    }

    @Test
    void twoStagePipeline_goesOnWhereItWas(@TempDir Path directory) {
        String[] arguments = {directory.toString()};

        assertThat(printed(() -> TwoStagePipeline.main(arguments)).lines())
                .containsExactly("done: 30 of 30", "this time: 30");
        assertThat(printed(() -> TwoStagePipeline.main(arguments)).lines())
                .containsExactly("done: 30 of 30", "this time: 0");
        assertThat(directory.resolve("summary.json")).exists();
    }

    @Test
    void modelComparison_hasALineForEachModel() {
        assertThat(printed(() -> ModelComparison.main(new String[0])).lines())
                .hasSize(3)
                .allMatch(line -> line.matches("[a-z0-9.-]+: as gpt-4o-mini for 30 of 30, 0\\.00\\d+ USD"));
    }

    private static String printed(Runnable main) {
        PrintStream out = System.out;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            main.run();
        } finally {
            System.setOut(out);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
