package io.headrace.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LearnedStoreTest {

    private static final ApiKey KEY = new ApiKey("first", "sk-secret-1");
    private static final Learned LEARNED = new Learned(1_700_000_000_000L, 32.0, null, 1_000.5);

    @TempDir
    Path directory;

    @Test
    void whatWasWritten_isReadByTheNextProcess() {
        LearnedStore.in(directory.resolve("new")).write("openai/small", KEY, LEARNED);
        assertThat(LearnedStore.in(directory.resolve("new")).read("openai/small", KEY))
                .isEqualTo(LEARNED);
    }

    @Test
    void quotas_areKeptApart() {
        LearnedStore store = LearnedStore.in(directory);
        store.write("openai/small", KEY, LEARNED);
        assertThat(store.read("openai/large", KEY)).isEqualTo(Learned.NOTHING);
        assertThat(store.read("openai/small", null)).isEqualTo(Learned.NOTHING);
        assertThat(store.read("openai/small", new ApiKey("first", "sk-secret-2")))
                .isEqualTo(Learned.NOTHING);
    }

    @Test
    void files_tellNeitherKeyNorGate() throws IOException {
        LearnedStore.in(directory).write("openai/small", KEY, LEARNED);
        List<Path> files = files();
        assertThat(files).singleElement();
        assertThat(files.get(0).getFileName().toString()).matches("[0-9a-f]{64}\\.json");
        assertThat(files.get(0)).content().doesNotContain("sk-", "openai");
    }

    @Test
    void damagedFile_countsAsNothingLearnedAndIsReplaced() throws IOException {
        LearnedStore store = LearnedStore.in(directory);
        store.write("openai/small", KEY, LEARNED);
        for (String damaged : List.of("", "{\"at\":", "[]", "{\"at\":1,\"concurrency\":-3}")) {
            Files.writeString(files().get(0), damaged);
            assertThat(store.read("openai/small", KEY)).as(damaged).isEqualTo(Learned.NOTHING);
        }
        store.write("openai/small", KEY, LEARNED);
        assertThat(store.read("openai/small", KEY)).isEqualTo(LEARNED);
        assertThat(files()).hasSize(1);
    }

    @Test
    void directoryThatCannotBe_isNoFailure() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "");
        LearnedStore store = LearnedStore.in(file);
        store.write("openai/small", KEY, LEARNED);
        assertThat(store.read("openai/small", KEY)).isEqualTo(Learned.NOTHING);
    }

    @Test
    void fileOfTheWordNull_countsAsNothingLearned() throws IOException {
        LearnedStore store = LearnedStore.in(directory);
        store.write("openai/small", KEY, LEARNED);
        Files.writeString(files().get(0), "null");
        assertThat(store.read("openai/small", KEY)).isEqualTo(Learned.NOTHING);
    }

    @Test
    void impossibleLimits_areRefused() {
        for (double limit : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> new Learned(0, limit, null, null)).hasMessageContaining("concurrency");
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        }
    }
}
