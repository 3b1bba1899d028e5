package io.headrace.cache.rocksdb;

import io.headrace.StorageException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder that is a cache: a file names its format, another is locked by the one process that writes and names it. The
 * database has a folder of its own inside, and stands beside its log.
 */
final class CacheFolder implements Closeable {

    private static final String FORMAT_FILE = "headrace-cache";
    private static final String LOCK_FILE = "lock";
    private static final String DATABASE = "db";
    private static final String FORMAT = "headrace response cache, format 1\n";

    /** What this process holds: asking the system again would drop the lock, which belongs to the whole process. */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path folder;
    private volatile @Nullable FileChannel lock;

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
        if (!HELD.add(folder)) {
            return false;
        }
        FileChannel taken = null;
        try {
            taken = lock(folder);
            if (taken != null) {
                writeFormat();
                lock = taken;
            }
        } catch (IOException e) {
            closeQuietly(taken, e);
            throw notWritable(folder, e);
        } finally {
            if (lock == null) {
                HELD.remove(folder);
            }
        }
        return lock != null;
    }

    private static void closeQuietly(@Nullable FileChannel channel, IOException because) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            because.addSuppressed(e);
        }
    }

    boolean isTaken() {
        return lock != null;
    }

    /** Why it cannot be taken, and what to do. */
    StorageException inUse() {
        String choice = "open it read-only, or name another one";
        if (HELD.contains(folder)) {
            return unavailable(
                    folder,
                    "is open in this process already. Share that cache, or close it first; else " + choice,
                    null);
        }
        String holder = "";
        try {
            holder = " " + Files.readString(folder.resolve(LOCK_FILE)).strip();
        } catch (IOException e) {
            // nobody's name
        }
        return unavailable(
                folder, "is in use by process" + holder + ". Wait until that has ended, or else " + choice, null);
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
        FileChannel taken = lock;
        if (taken != null) {
            taken.close();
            HELD.remove(folder);
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
                    .filter(name -> !name.toString().equals(LOCK_FILE)
                            && !name.toString().startsWith(FORMAT_FILE))
                    .findAny()
                    .orElse(null);
            if (stranger != null) {
                throw unavailable(
                        folder, "is not a cache: it holds " + stranger + ". Name an empty folder or a new one", null);
            }
        }
    }

    /** Null if another process has it. */
    private static @Nullable FileChannel lock(Path folder) throws IOException {
        FileChannel channel = FileChannel.open(
                folder.resolve(LOCK_FILE),
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        boolean ready = false;
        try {
            if (channel.tryLock(Long.MAX_VALUE - 1, 1, false) == null) {
                return null;
            }
            byte[] pid = (ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII);
            channel.truncate(0).write(ByteBuffer.wrap(pid));
            ready = true;
            return channel;
        } finally {
            if (!ready) {
                channel.close();
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
