package io.headrace.cache.rocksdb;

import io.headrace.StorageException;
import io.headrace.files.DirectoryLock;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder that is a cache: a file names its format, another is locked by the one process that writes and names it. The
 * database has a folder of its own inside, and stands beside its log.
 */
final class CacheFolder implements Closeable {

    private static final String FORMAT_FILE = "headrace-cache";
    private static final String DATABASE = "db";
    private static final String FORMAT = "headrace response cache, format 1\n";

    private final Path folder;
    private volatile @Nullable DirectoryLock lock;

    private CacheFolder(Path folder) {
        this.folder = folder;
    }

    /**
     * Makes {@code folder} if it is missing; it may be in use.
     *
     * @throws StorageException if it cannot be made or written, is no cache, or is of a later version
     */
    static CacheFolder find(Path folder) {
        try {
            Path real = Files.createDirectories(folder).toRealPath();
            if (!isCache(real)) {
                requireEmpty(real);
            }
            return new CacheFolder(real);
        } catch (FileAlreadyExistsException e) {
            throw unavailable(folder, "is not a folder. Name another one", e);
        } catch (IOException e) {
            throw notWritable(folder, e);
        }
    }

    /**
     * Looks at {@code folder} and changes nothing.
     *
     * @throws StorageException if it is not there, cannot be read, is no cache, or is of a later version
     */
    static CacheFolder look(Path folder) {
        try {
            Path real = folder.toRealPath();
            if (!isCache(real)) {
                throw unavailable(folder, "is not a cache. Name one that is", null);
            }
            return new CacheFolder(real);
        } catch (NoSuchFileException e) {
            throw unavailable(folder, "is not there. Name one that is", e);
        } catch (IOException e) {
            throw unavailable(folder, "cannot be read (" + e + "). Check its permissions, or name another one", e);
        }
    }

    /**
     * Takes it for this object; false if somebody else has it.
     *
     * @throws StorageException if it cannot be written
     */
    boolean tryTake() {
        try {
            DirectoryLock taken = DirectoryLock.tryTake(folder);
            if (taken != null) {
                writeFormat(taken);
                lock = taken;
            }
            return taken != null;
        } catch (IOException e) {
            throw notWritable(folder, e);
        }
    }

    boolean isTaken() {
        return lock != null;
    }

    /** Why it cannot be taken, and what to do. */
    StorageException inUse() {
        String choice = "open it read-only, or name another one";
        String problem;
        try {
            problem = DirectoryLock.isHeldHere(folder)
                    ? "is open in this process already. Share that cache, or close it first; else "
                    : "is in use by process " + DirectoryLock.holder(folder) + ". Wait until that has ended, or else ";
        } catch (IOException e) {
            problem = "is in use. Wait until it is free, or else ";
        }
        return unavailable(folder, problem + choice, null);
    }

    /** The files of the log of new answers, which may not exist. */
    List<Path> logs() {
        return List.of(folder.resolve("log-1"), folder.resolve("log-2"));
    }

    /** The folder of the database, which may not exist yet. */
    Path database() {
        return folder.resolve(DATABASE);
    }

    /** The file of what was saved so far, which may not exist. */
    Path hits() {
        return folder.resolve("hits");
    }

    @Override
    public void close() throws IOException {
        DirectoryLock taken = lock;
        if (taken != null) {
            taken.close();
        }
    }

    @Override
    public String toString() {
        return folder.toString();
    }

    static StorageException unavailable(Object folder, String problem, @Nullable Throwable cause) {
        return new StorageException("the cache folder " + folder + " " + problem + ".", cause);
    }

    private static StorageException notWritable(Path folder, IOException e) {
        if (Thread.currentThread().isInterrupted()) {
            return unavailable(folder, "was not opened: the thread was interrupted", e);
        }
        return unavailable(
                folder, "cannot be made or written (" + e + "). Check its permissions, or name another one", e);
    }

    private static boolean isCache(Path folder) throws IOException {
        String format;
        try {
            format = Files.readString(folder.resolve(FORMAT_FILE));
        } catch (NoSuchFileException e) {
            return false;
        }
        if (!format.equals(FORMAT)) {
            throw unavailable(
                    folder,
                    "is of another version (" + format.strip() + "). Name another one, or delete it to start anew",
                    null);
        }
        return true;
    }

    private static void requireEmpty(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            Path stranger = files.map(Path::getFileName)
                    .filter(name -> !name.toString().equals(DirectoryLock.FILE)
                            && !name.toString().startsWith(FORMAT_FILE))
                    .findAny()
                    .orElse(null);
            if (stranger != null) {
                throw unavailable(
                        folder, "is not a cache: it holds " + stranger + ". Name an empty folder or a new one", null);
            }
        }
    }

    /** Frees the folder again if that fails. */
    private void writeFormat(DirectoryLock taken) throws IOException {
        try {
            writeFormat();
        } catch (IOException e) {
            try (taken) {
                throw e;
            }
        }
    }

    private void writeFormat() throws IOException {
        Path target = folder.resolve(FORMAT_FILE);
        if (!Files.exists(target)) {
            Path part = folder.resolve(FORMAT_FILE + ".part");
            Files.writeString(
                    part,
                    FORMAT,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE,
                    StandardOpenOption.SYNC); // an empty one, left by a loss of power, would keep everyone out
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
        }
    }
}
