package io.headrace.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ErrorKind;
import io.headrace.Outcome;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.zip.GZIPOutputStream;

/** What the tests of datasets share. */
final class Rows {

    private Rows() {}

    static <T> List<Outcome<T>> all(Dataset<T> dataset) {
        return dataset.items().collectList().block(Duration.ofSeconds(20));
    }

    /** The values of the rows, a failed one as its message. */
    static <T> List<Object> values(Dataset<T> dataset) {
        return all(dataset).stream().map(Rows::value).toList();
    }

    static <T> List<String> ids(Dataset<T> dataset) {
        return all(dataset).stream().map(row -> row.item().id()).toList();
    }

    static Object value(Outcome<?> row) {
        return row instanceof Outcome.Ok<?> ok ? ok.value() : ((Outcome.Failed<?>) row).message();
    }

    /** The only row, which must have failed. */
    static Outcome.Failed<?> onlyFailure(Dataset<?> dataset) {
        List<? extends Outcome<?>> rows = all(dataset);
        assertThat(rows).hasSize(1);
        assertThat(rows.get(0)).isInstanceOf(Outcome.Failed.class);
        Outcome.Failed<?> failed = (Outcome.Failed<?>) rows.get(0);
        assertThat(failed.kind()).isEqualTo(ErrorKind.MALFORMED_ROW);
        assertThat(failed.step()).isEqualTo(dataset.name());
        return failed;
    }

    static Path file(Path folder, String name, String content) {
        return file(folder, name, content.getBytes(StandardCharsets.UTF_8));
    }

    static Path file(Path folder, String name, byte[] content) {
        try {
            Path path = folder.resolve(name);
            Files.createDirectories(path.getParent());
            return Files.write(path, content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] gzip(String content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(content.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
