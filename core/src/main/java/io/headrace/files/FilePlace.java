package io.headrace.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where a file stands that is open and being written, to look whether it still does: what is written to one that somebody has
 * deleted or replaced is gone when it is closed, without any error. Immutable.
 */
public final class FilePlace {

    private final Path path;
    private final @Nullable Object identity;

    private FilePlace(Path path, @Nullable Object identity) {
        this.path = path;
        this.identity = identity;
    }

    /** The place of the file that is at {@code path} now. */
    public static FilePlace of(Path path) throws IOException {
        return new FilePlace(path, attributes(path).fileKey());
    }

    /**
     * Looks once; one call to the operating system.
     *
     * @param bytes how long the file is, at least
     * @throws NoSuchFileException if another file or none is there, or it was shortened
     */
    public void require(long bytes) throws IOException {
        BasicFileAttributes now = attributes(path);
        if (!Objects.equals(now.fileKey(), identity) || now.size() < bytes) {
            throw new NoSuchFileException(path.toString());
        }
    }

    private static BasicFileAttributes attributes(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class);
    }
}
