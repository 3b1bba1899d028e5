package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.memory.MemoryUse;
import io.headrace.memory.MemoryUse.Level;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryGuardTest {

    private final List<Double> shares = new ArrayList<>();
    private final MemoryGuard guard = new MemoryGuard(shares::add);
    private long collections;

    @Test
    void enoughMemory_changesAndSaysNothing() {
        assertThat(guard.look(container(0.79))).isEmpty();
        assertThat(guard.look(heap(0.5))).isEmpty();
        assertThat(shares).isEmpty();
    }

    @Test
    void eightyPercent_isToldOnce() {
        assertThat(guard.look(container(0.8)))
                .hasValueSatisfying(said -> assertThat(said).contains("80 %").contains("container"));
        assertThat(guard.look(container(0.85))).isEmpty();
        assertThat(shares).isEmpty();
    }

    @Test
    void shortMemory_halvesTheWindowsUntilItFalls_andGivesThemBack() {
        assertThat(guard.look(container(0.95)))
                .hasValueSatisfying(said -> assertThat(said).contains("short"));
        assertThat(guard.look(container(0.95))).isEmpty();
        assertThat(guard.look(container(0.85))).isEmpty();
        assertThat(guard.look(container(0.7))).isEmpty();
        assertThat(guard.look(container(0.7)))
                .hasValueSatisfying(said -> assertThat(said).contains("again"));
        assertThat(shares).containsExactly(0.5, 0.25, 0.5, 1.0);
    }

    @Test
    void heapReading_countsOncePerCollection() {
        guard.look(heap(0.95));
        collections--;
        guard.look(heap(0.95));
        assertThat(shares).containsExactly(0.5);
        guard.look(heap(0.95));
        assertThat(shares).containsExactly(0.5, 0.25);
    }

    @Test
    void windows_neverFallToNothing() {
        for (int i = 0; i < 100; i++) {
            guard.look(container(0.99));
        }
        assertThat(shares).last().satisfies(share -> assertThat(share).isPositive());
        assertThat(shares).hasSize(10);
    }

    @Test
    void heapAboveTheContainer_isToldBefore() {
        assertThat(MemoryGuard.before(new MemoryUse(new Level(0, 4L << 30), new Level(0, 2L << 30), 0)))
                .hasValueSatisfying(said ->
                        assertThat(said).contains("-Xmx").contains("4096 MiB").contains("2048 MiB"));
        assertThat(MemoryGuard.before(new MemoryUse(new Level(0, 1L << 30), new Level(0, 2L << 30), 0)))
                .isEmpty();
        assertThat(MemoryGuard.before(new MemoryUse(new Level(0, 1L << 30), Level.UNLIMITED, 0)))
                .isEmpty();
    }

    private MemoryUse container(double share) {
        return new MemoryUse(new Level(1, 100), new Level((long) (share * 1_000), 1_000), ++collections);
    }

    private MemoryUse heap(double share) {
        return new MemoryUse(new Level((long) (share * 1_000), 1_000), Level.UNLIMITED, ++collections);
    }
}
