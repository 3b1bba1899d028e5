package io.headrace.files;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Keeps a second user, in this process or another one, out of a directory. The operating system frees it at death. */
public final class DirectoryLock implements Closeable {

    private static final String NAME = "lock";

    /** Directories locked by this process: closing any second channel to a lock file would free the lock. */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path directory;
    private final FileChannel file;

    private DirectoryLock(Path directory, FileChannel file) {
        this.directory = directory;
        this.file = file;
    }

    /**
     * Locks the directory.
     *
     * @throws IllegalStateException if somebody else has it, naming the process where it is known
     */
    public static DirectoryLock take(Path directory) throws IOException {
        Path real = directory.toRealPath();
        if (!HELD.add(real)) {
            throw new IllegalStateException(
                    "somebody else in this process works in " + directory + ": wait for it or take another directory");
        }
        try {
            return new DirectoryLock(real, lock(directory));
        } catch (IOException | RuntimeException e) {
            HELD.remove(real);
            throw e;
        }
    }

    @Override
    public void close() throws IOException {
        if (file.isOpen()) {
            file.close();
            HELD.remove(directory);
        }
    }

    private static FileChannel lock(Path directory) throws IOException {
        Path path = directory.resolve(NAME);
        FileChannel file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (file.tryLock() != null) {
                file.truncate(0);
                file.write(ByteBuffer.wrap(
                        Long.toString(ProcessHandle.current().pid()).getBytes(UTF_8)));
                return file;
            }
            String owner = Files.readString(path, UTF_8);
            throw new IllegalStateException("process " + (owner.isEmpty() ? "unknown" : owner) + " works in "
                    + directory + ": wait for it, stop it, or take another directory");
        } catch (OverlappingFileLockException e) {
            file.close();
            throw new IllegalStateException(
                    directory
                            + " is in use for something else by this process, such as its cache: take another directory",
                    e);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }
}
