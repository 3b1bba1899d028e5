package io.headrace.examples.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Outcome;
import io.headrace.dataset.Dataset;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShippedDocumentsTest {

    @Test
    void dataset_hasThirtyDocumentsOfSixtyToOneHundredAndTwentyWords() {
        List<Outcome<String>> rows = rows(ShippedDocuments.dataset());

        assertThat(rows).hasSize(30).allSatisfy(row -> assertThat(row).isInstanceOf(Outcome.Ok.class));
        assertThat(rows).extracting(row -> row.item().id()).doesNotHaveDuplicates();
        assertThat(rows)
                .extracting(row -> ((String) row.item().value()).split("\\s+").length)
                .allSatisfy(words -> assertThat(words).isBetween(60, 120));
    }

    @Test
    void path_ofAnEntryOfAJar_canBeReadAgainAndAgain(@TempDir Path folder) throws IOException {
        Path jar = folder.resolve("a jar with spaces.jar");
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
            out.putNextEntry(new JarEntry("in/documents.jsonl"));
            out.write("{\"text\":\"one\"}\n{\"text\":\"two\"}\n".getBytes(StandardCharsets.UTF_8));
        }
        URI entry = URI.create("jar:" + jar.toUri() + "!/in/documents.jsonl");

        for (int time = 0; time < 2; time++) {
            Dataset<String> dataset =
                    Dataset.jsonl(ShippedDocuments.path(entry)).text("text");
            assertThat(rows(dataset)).extracting(row -> row.item().value()).isEqualTo(List.of("one", "two"));
            assertThat(rows(dataset)).hasSize(2);
        }
    }

    private static List<Outcome<String>> rows(Dataset<String> dataset) {
        dataset.check();
        return dataset.items().collectList().block();
    }
}
