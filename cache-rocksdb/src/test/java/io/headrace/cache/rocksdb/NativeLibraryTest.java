package io.headrace.cache.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeLibraryTest {

    @TempDir
    private Path folder;

    @Test
    void nativeLibrary_isUnpackedOnce_andAgainWhenDamaged() throws Exception {
        Path libraries = folder.resolve("native");
        Path cache = folder.resolve("cache");
        assertThat(SecondOpener.run(cache, libraries)).startsWith("opened");
        Path library;
        try (Stream<Path> files = Files.walk(libraries)) {
            library = files.filter(Files::isRegularFile).findAny().orElseThrow();
        }
        long size = Files.size(library);
        Object unpacked = Files.getLastModifiedTime(library);
        assertThat(SecondOpener.run(cache, libraries))
                .isIn(
                        "opened with " + library.toRealPath(),
                        "opened with"); // the latter where the system does not tell
        assertThat(Files.getLastModifiedTime(library)).isEqualTo(unpacked);
        Files.write(library, new byte[100]);
        assertThat(SecondOpener.run(cache, libraries)).startsWith("opened");
        assertThat(Files.size(library)).isEqualTo(size);
    }

    @Test
    void folderThatCannotBeMadeForTheLibrary_isDoneWithout() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThat(SecondOpener.run(folder.resolve("cache"), file)).startsWith("opened");
    }
}
