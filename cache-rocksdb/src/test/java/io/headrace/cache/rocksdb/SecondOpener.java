package io.headrace.cache.rocksdb;

import io.headrace.StorageException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** A process that opens a cache, with its native library in a folder of its own if given, and prints what comes of it. */
final class SecondOpener {

    private SecondOpener() {}

    public static void main(String[] arguments) throws IOException {
        RocksDbCache.Builder builder = RocksDbCache.builder(Path.of(arguments[0]));
        if (arguments.length > 1) {
            builder.nativeLibraryFolder(Path.of(arguments[1]));
        }
        try (RocksDbCache cache = builder.open()) {
            cache.ready().block();
            System.out.println(arguments.length > 1 ? "opened with " + library() : "opened");
        } catch (StorageException e) {
            System.out.println(e.getMessage());
        }
    }

    /** Runs it to its end; what it printed. */
    static String run(Path... folders) throws IOException, InterruptedException {
        Process process = ChildProcess.start(SecondOpener.class, (Object[]) folders);
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return output.strip();
    }

    /** The file that RocksDB's code was loaded from, where the system tells. */
    private static String library() throws IOException {
        Path maps = Path.of("/proc/self/maps");
        if (!Files.exists(maps)) {
            return "";
        }
        try (Stream<String> lines = Files.lines(maps)) {
            return lines.filter(line -> line.contains("librocksdb") && line.endsWith(".so"))
                    .map(line -> line.substring(line.indexOf('/')))
                    .findFirst()
                    .orElse("none");
        }
    }
}
