package io.headrace.run;

import io.headrace.ErrorText;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * The names of a run's files and the moves that must be atomic.
 *
 * <p>A compaction writes {@code results.compact}, {@code dead-letters.compact} and {@code journal.compact}; renaming the last
 * one to {@code journal.new} commits it, and what is left to rename then is done again at the next opening.
 */
record RunFiles(Path directory) {

    Path journal() {
        return directory.resolve("journal");
    }

    Path results() {
        return directory.resolve("results.jsonl");
    }

    Path deadLetters() {
        return directory.resolve("dead-letters.jsonl");
    }

    Path compactJournal() {
        return directory.resolve("journal.compact");
    }

    Path compactResults() {
        return directory.resolve("results.compact");
    }

    Path compactDeadLetters() {
        return directory.resolve("dead-letters.compact");
    }

    private Path committedJournal() {
        return directory.resolve("journal.new");
    }

    /** Puts the compacted files in the place of the others. */
    void commitCompaction() throws IOException {
        rename(compactJournal(), committedJournal());
        syncDirectory();
        redoCompaction();
    }

    /** Ends a compaction that was committed and throws one away that was not. */
    void redoCompaction() throws IOException {
        if (Files.exists(committedJournal())) {
            if (Files.exists(compactResults())) {
                rename(compactResults(), results());
            }
            if (Files.exists(compactDeadLetters())) {
                rename(compactDeadLetters(), deadLetters());
            }
            rename(committedJournal(), journal());
            syncDirectory();
        } else {
            Files.deleteIfExists(compactJournal());
            Files.deleteIfExists(compactResults());
            Files.deleteIfExists(compactDeadLetters());
        }
    }

    /** Whether a result, a dead letter or a record of an earlier run is here. */
    boolean hasContent() throws IOException {
        return size(journal()) > 0 || hasLines();
    }

    /** Whether a result or a dead letter is here. */
    boolean hasLines() throws IOException {
        return size(results()) + size(deadLetters()) > 0;
    }

    /** Gives the files of an earlier run the first free number, as in {@code results.1.jsonl}; gives the number. */
    int moveAside() throws IOException {
        int number = freeNumber();
        // the journal last: as long as it is in its place, the next opening sees that there is something to move
        for (Path file : List.of(results(), deadLetters(), journal())) {
            if (Files.exists(file)) {
                rename(file, numbered(file, number));
            }
        }
        syncDirectory();
        return number;
    }

    /** Copies results and dead letters, where they are there, to the first free number; gives the number. */
    int copyAside() throws IOException {
        int number = freeNumber();
        for (Path file : List.of(results(), deadLetters())) {
            if (Files.exists(file)) {
                Files.copy(file, numbered(file, number));
            }
        }
        return number;
    }

    private int freeNumber() {
        int number = 1;
        while (Files.exists(numbered(journal(), number))
                || Files.exists(numbered(results(), number))
                || Files.exists(numbered(deadLetters(), number))) {
            number++;
        }
        return number;
    }

    /** The number goes before the ending, if there is one. */
    private static Path numbered(Path file, int number) {
        String name = file.getFileName().toString();
        int ending = name.lastIndexOf('.');
        return file.resolveSibling(
                ending < 0 ? name + "." + number : name.substring(0, ending) + "." + number + name.substring(ending));
    }

    /** Writes a whole file so that readers see the old or the new content; leaves nothing else behind if that fails. */
    static void replace(Path file, byte[] content) throws IOException {
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        try {
            Files.write(temporary, content);
            rename(temporary, file);
        } catch (IOException e) {
            IOException failure =
                    new IOException(file.getFileName() + " cannot be written: " + ErrorText.message(e), e);
            discard(temporary, failure);
            throw failure;
        }
    }

    /** Removes a file that is worth nothing after {@code failure}, if it can be. */
    static void discard(Path file, IOException failure) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    private void syncDirectory() throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (AccessDeniedException e) {
            // an operating system that opens no directories keeps their entries by itself
            return;
        }
    }

    private static void rename(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static long size(Path file) throws IOException {
        return Files.exists(file) ? Files.size(file) : 0;
    }
}
