package io.headrace.batch;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where the files of a queue lie: for pack N the lines to upload in {@code N.jsonl}, what is known of each request in {@code N.keys},
 * and once it is collected how each ended in {@code N.ends}. Thread-safe.
 *
 * @param directory of the queue
 */
record PackFiles(Path directory) {

    private static final Pattern PACK = Pattern.compile("[0-9]+\\.(jsonl|keys|ends)");

    Path journal() {
        return directory.resolve("journal");
    }

    /** How long the journal is; 0 where there is none. */
    long journalBytes() throws IOException {
        return Files.exists(journal()) ? Files.size(journal()) : 0;
    }

    Path lines(int pack) {
        return directory.resolve(pack + ".jsonl");
    }

    Path keys(int pack) {
        return directory.resolve(pack + ".keys");
    }

    Path ends(int pack) {
        return directory.resolve(pack + ".ends");
    }

    /** Where the ends are written until they are whole. */
    Path newEnds(int pack) {
        return directory.resolve(pack + ".ends.tmp");
    }

    /** @throws IOException if there are files of packs, which a directory without a journal cannot have */
    void requireNew() throws IOException {
        try (Stream<Path> names = Files.list(directory)) {
            Optional<Path> pack = names.filter(
                            path -> PACK.matcher(path.getFileName().toString()).matches())
                    .findFirst();
            if (pack.isPresent()) {
                throw new IOException(journal() + " is missing or damaged from its start, and "
                        + pack.get().getFileName()
                        + " says that there was one: bring the file back, or take another directory");
            }
        }
    }

    /** Puts the new ends, which are synced, in their place. */
    void acceptEnds(int pack) throws IOException {
        Files.move(newEnds(pack), ends(pack), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        sync();
    }

    /** Deletes what nobody needs of a pack whose requests have all ended or moved on. */
    void deleteRequests(int pack) throws IOException {
        Files.deleteIfExists(lines(pack));
        Files.deleteIfExists(keys(pack));
    }

    /** Makes names that were given or taken survive the loss of power. */
    void sync() throws IOException {
        try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
            names.force(true);
        }
    }
}
