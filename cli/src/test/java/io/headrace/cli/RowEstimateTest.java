package io.headrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RowEstimateTest {

    @TempDir
    Path temp;

    @Test
    void smallFile_isCounted() throws IOException {
        assertThat(RowEstimate.of(Files.writeString(temp.resolve("a"), "1\n2\n3\n")))
                .hasValue(3);
        assertThat(RowEstimate.of(Files.writeString(temp.resolve("b"), "1\n2\n3")))
                .hasValue(3);
    }

    @Test
    void largeFile_isEstimatedByItsStart() throws IOException {
        Path file = Files.writeString(temp.resolve("large"), "0123456\n".repeat(1 << 20));
        assertThat(RowEstimate.of(file)).hasValue(1 << 20);
    }

    @Test
    void whatIsNoFileOfLines_isUnknown() throws IOException {
        assertThat(RowEstimate.of(temp)).isEmpty();
        assertThat(RowEstimate.of(temp.resolve("absent"))).isEmpty();
        assertThat(RowEstimate.of(Files.writeString(temp.resolve("empty"), ""))).isEmpty();
        Path gzip = temp.resolve("rows.gz");
        try (GZIPOutputStream out = new GZIPOutputStream(Files.newOutputStream(gzip))) {
            out.write('\n');
        }
        assertThat(RowEstimate.of(gzip)).isEmpty();
    }
}
