package io.headrace.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryLockTest {

    @TempDir
    private Path directory;

    @Test
    void secondInThisProcess_isRefused_andLeavesTheLockToTheFirst() throws IOException {
        try (DirectoryLock first = DirectoryLock.take(directory)) {
            assertThat(DirectoryLock.tryTake(directory)).isNull();
            assertThatIllegalStateException()
                    .isThrownBy(() -> DirectoryLock.take(directory.resolve("../" + directory.getFileName())))
                    .withMessageContaining("somebody else in this process works in")
                    .withMessageContaining("take another directory");
            assertThat(DirectoryLock.isHeldHere(directory)).isTrue();
            assertThat(LockTaker.run(directory))
                    .contains("process " + ProcessHandle.current().pid() + " works in " + directory);
        }
    }

    @Test
    void closedLock_isFreeForAnother() throws IOException {
        DirectoryLock first = DirectoryLock.take(directory);
        first.close();
        assertThat(LockTaker.run(directory)).isEqualTo("taken");
        try (DirectoryLock second = DirectoryLock.take(directory)) {
            first.close(); // once more: it is not its own any longer
            assertThat(DirectoryLock.isHeldHere(directory)).isTrue();
            assertThat(second).isNotSameAs(first);
        }
        assertThat(DirectoryLock.isHeldHere(directory)).isFalse();
    }

    @Test
    void directoryThatCannotBeLocked_isNotHeld() throws IOException {
        Path file = Files.createDirectory(directory.resolve(DirectoryLock.FILE));
        assertThat(catchThrowable(() -> DirectoryLock.tryTake(directory))).isInstanceOf(IOException.class);
        Files.delete(file);
        DirectoryLock.take(directory).close();
    }
}
