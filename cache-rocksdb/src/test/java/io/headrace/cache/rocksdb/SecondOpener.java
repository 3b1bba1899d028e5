package io.headrace.cache.rocksdb;

import io.headrace.StorageException;
import java.nio.file.Path;

/** A process that opens a cache, with its native library in a folder of its own if given, and prints what comes of it. */
final class SecondOpener {

    private SecondOpener() {}

    public static void main(String[] arguments) {
        RocksDbCache.Builder builder = RocksDbCache.builder(Path.of(arguments[0]));
        if (arguments.length > 1) {
            builder.nativeLibraryFolder(Path.of(arguments[1]));
        }
        try (RocksDbCache cache = builder.open()) {
            cache.ready().block();
            System.out.println("opened");
        } catch (StorageException e) {
            System.out.println(e.getMessage());
        }
    }
}
