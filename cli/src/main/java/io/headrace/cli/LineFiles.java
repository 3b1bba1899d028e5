package io.headrace.cli;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;

/** Lines from and to files, a few at a time. */
final class LineFiles {

    private static final int AHEAD = 64;

    private LineFiles() {}

    /** Writes {@code lines} to a new file or, without one, to {@code out} as long as somebody reads it, and says how many. */
    static long write(Flux<String> lines, @Nullable Path file, PrintWriter out) {
        if (file == null) {
            return count(lines.doOnNext(line -> out.print(line + "\n"))
                    .index()
                    .takeUntil(
                            line -> line.getT1() % AHEAD == 0 && out.checkError())); // a check writes what is buffered
        }
        try (BufferedWriter to = Files.newBufferedWriter(file, StandardOpenOption.CREATE_NEW)) {
            return count(lines.publishOn(Schedulers.boundedElastic(), AHEAD).doOnNext(line -> write(line, to)));
        } catch (FileAlreadyExistsException e) {
            throw new UsageProblem(file + " is there already. Name another file, or delete it", e);
        } catch (IOException | UncheckedIOException e) {
            throw new UsageProblem(file + " cannot be written: " + e, e);
        }
    }

    /** Before anything is made for its lines: {@link #read} would find a file. */
    static void require(Path file) {
        if (isStandard(file)) {
            return;
        }
        if (!Files.exists(file)) {
            throw new UsageProblem(file + " is not there. Name a file that is");
        }
        if (Files.isDirectory(file)) {
            throw new UsageProblem(file + " is a folder. Name a file");
        }
    }

    /** The lines of a file; {@code -} is standard input. */
    static Flux<String> read(Path file) {
        return Flux.using(() -> open(file), reader -> Flux.fromStream(reader.lines()), LineFiles::close)
                .onErrorMap(
                        NoSuchFileException.class,
                        e -> new UsageProblem(file + " is not there. Name a file that is", e))
                .onErrorMap(
                        LineFiles::isNotUtf8, e -> new UsageProblem(file + " is not UTF-8 text; unpack it first", e))
                .onErrorMap(
                        e -> e instanceof IOException || e instanceof UncheckedIOException,
                        e -> new UsageProblem(file + " cannot be read: " + e.getMessage(), e))
                .subscribeOn(Schedulers.boundedElastic());
    }

    private static boolean isNotUtf8(Throwable e) {
        return e.getCause() instanceof CharacterCodingException;
    }

    private static long count(Flux<?> lines) {
        return Objects.requireNonNull(lines.count().block());
    }

    private static void write(String line, BufferedWriter to) {
        try {
            to.write(line);
            to.write('\n');
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static BufferedReader open(Path file) throws IOException {
        return isStandard(file)
                ? new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))
                : Files.newBufferedReader(file);
    }

    /** Whether {@code file} is no file but standard input, or output where it is written. */
    static boolean isStandard(Path file) {
        return file.toString().equals("-");
    }

    private static void close(BufferedReader reader) {
        try {
            reader.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
