package io.headrace.files;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Keeps a second user, in this process or another one, out of a directory. The operating system frees it at death. */
public final class DirectoryLock implements Closeable {

    /** The name of the file that is locked; it stays when the lock is closed. */
    public static final String FILE = "lock";

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
        DirectoryLock lock = tryTake(directory);
        if (lock == null) {
            throw new IllegalStateException(
                    isHeldHere(directory)
                            ? "somebody else in this process works in " + directory
                                    + ", such as another run or its cache: wait for it or take another directory"
                            : "process " + holder(directory) + " works in " + directory
                                    + ": wait for it, stop it, or take another directory");
        }
        return lock;
    }

    /** Locks the directory; null if somebody else has it. */
    public static @Nullable DirectoryLock tryTake(Path directory) throws IOException {
        Path real = directory.toRealPath();
        if (!HELD.add(real)) {
            return null;
        }
        FileChannel file = null;
        try {
            file = lock(real);
            return file == null ? null : new DirectoryLock(real, file);
        } finally {
            if (file == null) {
                HELD.remove(real);
            }
        }
    }

    /** Whether it is this process that has the directory. */
    public static boolean isHeldHere(Path directory) throws IOException {
        return HELD.contains(directory.toRealPath());
    }

    /** The process that has the directory, or had it last; "unknown" if it left no name. */
    public static String holder(Path directory) throws IOException {
        String process = Files.readString(directory.resolve(FILE), UTF_8).strip();
        return process.isEmpty() ? "unknown" : process;
    }

    @Override
    public void close() throws IOException {
        if (file.isOpen()) {
            file.close();
            HELD.remove(directory);
        }
    }

    /** Null if another process has it. */
    private static @Nullable FileChannel lock(Path directory) throws IOException {
        FileChannel file = FileChannel.open(
                directory.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        boolean ready = false;
        try {
            if (file.tryLock(Long.MAX_VALUE - 1, 1, false) == null) { // others can read what is in front of that
                return null;
            }
            file.truncate(0);
            file.write(
                    ByteBuffer.wrap(Long.toString(ProcessHandle.current().pid()).getBytes(UTF_8)));
            ready = true;
            return file;
        } finally {
            if (!ready) {
                file.close();
            }
        }
    }
}
