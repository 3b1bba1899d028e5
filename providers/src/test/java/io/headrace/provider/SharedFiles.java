package io.headrace.provider;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** Descriptions and recordings that do not ship with the project: a test that reads one is skipped without it. */
public final class SharedFiles {

    private SharedFiles() {}

    /** The text of {@code shared/file}, beside the project or where {@code HEADRACE_SHARED} says. */
    public static String read(String file) throws IOException {
        String told = System.getProperty("HEADRACE_SHARED", System.getenv("HEADRACE_SHARED"));
        Path found = Stream.of(told, "../shared", "../../shared", "../../../shared")
                .filter(Objects::nonNull)
                .map(folder -> Path.of(folder, file))
                .filter(Files::isReadable)
                .findFirst()
                .orElse(null);
        Assumptions.assumeTrue(
                found != null, "skipped: no shared/" + file + " beside the project and no HEADRACE_SHARED");
        return Files.readString(found);
    }
}
