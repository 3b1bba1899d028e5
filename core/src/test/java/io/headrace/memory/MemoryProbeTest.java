package io.headrace.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryProbeTest {

    private static final long MAX = Runtime.getRuntime().maxMemory();

    @TempDir
    Path root;

    private final AtomicLong used = new AtomicLong();

    @Test
    void aHeapThatIsNotHalfFull_isReadAsItIs() {
        used.set(MAX / 2 - 1);

        MemoryUse read = probe().read();

        assertThat(read.heap()).isEqualTo(new MemoryUse.Level(MAX / 2 - 1, MAX));
        assertThat(read.collections()).isZero();
    }

    @Test
    void fromHalfFullOn_whatTheLastCollectionLeftCounts() {
        System.gc();
        used.set(MAX);
        MemoryProbe probe = probe();

        MemoryUse full = probe.read();
        used.set(1);
        MemoryUse later = probe.read();

        assertThat(full.heap().used()).isPositive().isLessThan(MAX);
        assertThat(full.collections()).isPositive();
        assertThat(later.heap().used()).isNotEqualTo(1).isPositive();
        assertThat(later.collections()).isGreaterThanOrEqualTo(full.collections());
    }

    @Test
    void process_readsItsHeap() {
        MemoryUse use = MemoryProbe.ofProcess().read();

        assertThat(use.heap().limit()).isEqualTo(MAX);
        assertThat(use.heap().used()).isPositive().isLessThan(MAX);
    }

    private MemoryProbe probe() {
        return new MemoryProbe(Cgroup.of(root), used::get);
    }
}
