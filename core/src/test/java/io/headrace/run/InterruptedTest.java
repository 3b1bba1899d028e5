package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.headrace.Codec;
import io.headrace.batch.BatchQueue;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whoever shuts a service down interrupts the threads that are just opening something. */
class InterruptedTest {

    @TempDir
    Path directory;

    @AfterEach
    void calm() {
        Thread.interrupted();
    }

    @Test
    void openingACheckpoint_saysSo_andLeavesTheDirectoryFree() {
        Checkpoint.Builder<String> builder = Checkpoint.builder(directory, Codec.json(String.class));
        Thread.currentThread().interrupt();
        Throwable error = catchThrowable(() -> builder.open().close());
        assertThat(error).hasMessageContaining("the thread was interrupted").hasMessageNotContaining("null");
        assertThat(Thread.interrupted()).isTrue();
        builder.open().close();
    }

    @Test
    void openingAQueueOfBatches_saysSo_andLeavesTheDirectoryFree() {
        Thread.currentThread().interrupt();
        Throwable error = catchThrowable(() -> BatchQueue.open(directory).close());
        assertThat(error).hasMessageContaining("the thread was interrupted").hasMessageNotContaining("null");
        assertThat(Thread.interrupted()).isTrue();
        try (BatchQueue queue = BatchQueue.open(directory)) {
            assertThat(queue.snapshot().block()).isNotNull();
        }
    }
}
