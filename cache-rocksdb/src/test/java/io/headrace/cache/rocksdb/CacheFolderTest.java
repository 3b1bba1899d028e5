package io.headrace.cache.rocksdb;

import static io.headrace.cache.rocksdb.Entries.store;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.headrace.StorageException;
import io.headrace.files.DirectoryLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may have a folder, and which folders a cache can be in. */
class CacheFolderTest {

    @TempDir
    private Path folder;

    @Test
    void otherProcess_isToldWhoHasTheFolderAndWhatToDo() throws Exception {
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            store(cache, 1);
            assertThat(SecondOpener.run(folder))
                    .contains(folder.toRealPath().toString())
                    .contains("in use by process " + ProcessHandle.current().pid())
                    .contains("Wait until");
            store(cache, 2);
        }
        assertThat(SecondOpener.run(folder)).isEqualTo("opened");
    }

    @Test
    void secondOpenInThisProcess_isRefused_andHarmsNothing() throws Exception {
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            assertUnavailable(folder, "open in this process already");
            assertThat(SecondOpener.run(folder)).contains("in use");
            store(cache, 1);
        }
        RocksDbCache.open(folder).close();
    }

    @Test
    void runInTheFolderOfACache_isRefused_andDoesNotFreeIt() throws Exception {
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            assertThatIllegalStateException().isThrownBy(() -> DirectoryLock.take(folder));
            assertThat(SecondOpener.run(folder)).contains("in use");
            store(cache, 1);
        }
    }

    @Test
    void folderOfOtherFiles_isRefusedAndLeftAlone() throws IOException {
        Files.writeString(folder.resolve("thesis.txt"), "mine");
        assertUnavailable(folder, "is not a cache: it holds thesis.txt");
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void cacheOfAnotherVersion_isRefused() throws IOException {
        Files.writeString(folder.resolve("headrace-cache"), "headrace response cache, format 2\n");
        assertUnavailable(folder, "another version (headrace response cache, format 2)");
    }

    @Test
    void fileInPlaceOfAFolder_isRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertUnavailable(file, "is not a folder");
        assertUnavailable(file.resolve("inside"), "cannot be made");
    }

    @Test
    void folderWithoutWritePermission_isRefused() {
        assumeFalse("root".equals(System.getProperty("user.name")), "root may write anywhere");
        assertThat(folder.toFile().setWritable(false)).isTrue();
        assertUnavailable(folder, "permissions");
    }

    @Test
    void folderThatCouldNotBeWritten_opensOnceItCan() throws IOException {
        Path inTheWay = Files.createDirectories(folder.resolve("headrace-cache.part"));
        assertUnavailable(folder, "cannot be made or written");
        Files.delete(inTheWay);
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            cache.ready().block();
        }
    }

    @Test
    void threadThatIsInterrupted_leavesTheFolderFree() {
        Thread.currentThread().interrupt();
        assertUnavailable(folder, "the thread was interrupted");
        assertThat(Thread.interrupted()).isTrue();
        RocksDbCache.open(folder).close();
    }

    @Test
    void missingFolders_areMade() {
        RocksDbCache.open(folder.resolve("a/b/c")).close();
        assertThat(folder.resolve("a/b/c/db")).isDirectory();
    }

    private static void assertUnavailable(Path folder, String words) {
        assertThatExceptionOfType(StorageException.class)
                .isThrownBy(() -> RocksDbCache.open(folder))
                .withMessageContaining(folder.toString())
                .withMessageContaining(words);
    }
}
