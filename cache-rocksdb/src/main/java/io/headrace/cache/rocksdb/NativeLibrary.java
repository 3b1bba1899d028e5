package io.headrace.cache.rocksdb;

import io.headrace.files.UserFolder;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.jar.JarEntry;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDB;
import org.rocksdb.util.Environment;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * RocksDB's native library, unpacked once for a user and used again by later processes: RocksDB's own way unpacks 17 MB at
 * every start, which takes most of its start-up.
 */
final class NativeLibrary {

    private static final Logger LOG = LoggerFactory.getLogger(NativeLibrary.class);

    private static boolean loaded;

    private NativeLibrary() {}

    /**
     * Loads the library, once for the process. Where the file cannot be kept in {@code folder}, RocksDB's own way is taken.
     *
     * @throws UnsatisfiedLinkError if there is none for this machine
     */
    static synchronized void load(Path folder) {
        if (loaded) {
            return;
        }
        try {
            Path unpacked = unpacked(folder);
            if (unpacked != null) {
                RocksDB.loadLibrary(List.of(unpacked.toString()));
            }
        } catch (IOException | UnsatisfiedLinkError e) {
            LOG.debug("cannot keep the native library in {}, it is unpacked again at every start", folder, e);
        }
        RocksDB.loadLibrary();
        loaded = true;
    }

    /** In the user's folder for files that can be made again. */
    static Path defaultFolder() {
        return UserFolder.cache(System::getenv).resolve("native");
    }

    /** Where the file is, by its checksum and size; null if the library does not come out of a jar. */
    private static @Nullable Path unpacked(Path folder) throws IOException {
        String name = Environment.getJniLibraryFileName("rocksdb");
        URL resource = RocksDB.class.getResource("/" + name);
        if (resource == null || !(resource.openConnection() instanceof JarURLConnection connection)) {
            return null;
        }
        JarEntry entry = connection.getJarEntry();
        Path place = folder.resolve("rocksdb-" + Long.toHexString(entry.getCrc()) + "-" + entry.getSize());
        // by this name RocksDB looks for it in a folder; it is not that of the resource
        Path file = place.resolve(Environment.getJniLibraryFileName("rocksdbjni"));
        if (!Files.exists(file) || Files.size(file) != entry.getSize()) {
            unpack(connection, Files.createDirectories(place), file);
        }
        return place;
    }

    /** Writes the file beside its place and moves it there, so that no other process ever sees half of it. */
    private static void unpack(JarURLConnection connection, Path place, Path file) throws IOException {
        Path part = Files.createTempFile(place, "unpacking", ".part");
        try (InputStream library = connection.getInputStream()) {
            Files.copy(library, part, StandardCopyOption.REPLACE_EXISTING);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(part);
        }
    }
}
