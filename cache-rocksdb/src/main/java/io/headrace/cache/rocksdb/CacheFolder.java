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
 * A folder that is a cache and belongs to this object: a file names its format, another is locked and names the process. The
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
    private final FileChannel lock;

    private CacheFolder(Path folder, FileChannel lock) {
        this.folder = folder;
        this.lock = lock;
    }

    /**
     * Makes {@code folder} if it is missing, and takes it.
     *
     * @throws StorageException if it cannot be made or written, is no cache, is of a later version, or is in use
     */
    static CacheFolder take(Path folder) {
        try {
            Path real = Files.createDirectories(folder).toRealPath();
            requireCache(real);
            if (!HELD.add(real)) {
                throw unavailable(real, "is open in this process already. Share that cache, or close it first", null);
            }
            try {
                CacheFolder taken = new CacheFolder(real, lock(real));
                taken.writeFormat();
                return taken;
            } catch (IOException | RuntimeException e) {
                HELD.remove(real);
                throw e;
            }
        } catch (FileAlreadyExistsException e) {
            throw unavailable(folder, "is not a folder. Name another one", e);
        } catch (IOException e) {
            throw unavailable(
                    folder, "cannot be made or written (" + e + "). Check its permissions, or name another one", e);
        }
    }

    /** The files of the log of new answers, which may not exist. */
    List<Path> logs() {
        return List.of(folder.resolve("log-1"), folder.resolve("log-2"));
    }

    /** The folder of the database, which may not exist yet. */
    Path database() {
        return folder.resolve(DATABASE);
    }

    @Override
    public void close() throws IOException {
        lock.close();
        HELD.remove(folder);
    }

    @Override
    public String toString() {
        return folder.toString();
    }

    static StorageException unavailable(Object folder, String problem, @Nullable Throwable cause) {
        return new StorageException("the cache folder " + folder + " " + problem + ".", cause);
    }

    private static void requireCache(Path folder) throws IOException {
        String format;
        try {
            format = Files.readString(folder.resolve(FORMAT_FILE));
        } catch (NoSuchFileException e) {
            requireEmpty(folder);
            return;
        }
        if (!format.equals(FORMAT)) {
            throw unavailable(
                    folder,
                    "is of another version (" + format.strip() + "). Name another one, or delete it to start anew",
                    null);
        }
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

    private static FileChannel lock(Path folder) throws IOException {
        Path file = folder.resolve(LOCK_FILE);
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock(Long.MAX_VALUE - 1, 1, false) == null) {
                throw unavailable(
                        folder,
                        "is in use by process "
                                + Files.readString(file).strip()
                                + ". Wait until that has ended, or name another one",
                        null);
            }
            byte[] pid = (ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII);
            channel.truncate(0).write(ByteBuffer.wrap(pid));
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private void writeFormat() throws IOException {
        Path target = folder.resolve(FORMAT_FILE);
        if (!Files.exists(target)) {
            Path part = folder.resolve(FORMAT_FILE + ".part");
            Files.writeString(part, FORMAT);
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
        }
    }
}
