package io.headrace.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import tools.jackson.core.JacksonException;

/** A file of one JSON object a line that outlives its writer. */
final class LogFile {

    private LogFile() {}

    static void makeFolder(Path path) throws IOException {
        Path folder = path.toAbsolutePath().getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
    }

    /**
     * The entries of the log at {@code path} in order. A last line without its end is left out.
     *
     * @throws IllegalArgumentException for a line that is no entry, naming it
     */
    static <E> List<E> read(Path path, Function<String, E> parser) throws IOException {
        String text = Files.readString(path);
        List<E> entries = new ArrayList<>();
        int start = 0;
        for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
            try {
                entries.add(parser.apply(text.substring(start, end)));
            } catch (JacksonException | DateTimeException e) {
                throw new IllegalArgumentException(path + " line " + (entries.size() + 1) + " is no entry of a log", e);
            }
            start = end + 1;
        }
        return entries;
    }
}
