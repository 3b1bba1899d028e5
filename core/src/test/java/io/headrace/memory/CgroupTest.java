package io.headrace.memory;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.memory.MemoryUse.Level;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trees of files as the kernel shows them. */
class CgroupTest {

    private static final long MIB = 1 << 20;

    @TempDir
    Path root;

    @Test
    void version2_readsTheLimitAndTheWorkingSet() throws IOException {
        write("proc/self/cgroup", "0::/\n");
        write("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
        group("sys/fs/cgroup", 512 * MIB + "\n", 300 * MIB, 100 * MIB);

        assertThat(Cgroup.of(root).read()).isEqualTo(new Level(200 * MIB, 512 * MIB));
    }

    @Test
    void version2_takesTheGroupThatIsNearestToItsLimit() throws IOException {
        write("proc/self/cgroup", "0::/pod/app\n");
        write("sys/fs/cgroup/cgroup.controllers", "memory\n");
        group("sys/fs/cgroup/pod", 400 * MIB + "\n", 390 * MIB, 0);
        group("sys/fs/cgroup/pod/app", 200 * MIB + "\n", 100 * MIB, 0);

        assertThat(Cgroup.of(root).read()).isEqualTo(new Level(390 * MIB, 400 * MIB));
    }

    @Test
    void version2_highIsALimitToo() throws IOException {
        write("proc/self/cgroup", "0::/app\n");
        write("sys/fs/cgroup/cgroup.controllers", "memory\n");
        group("sys/fs/cgroup/app", "max\n", 50 * MIB, 0);
        write("sys/fs/cgroup/app/memory.high", 100 * MIB + "\n");

        assertThat(Cgroup.of(root).read()).isEqualTo(new Level(50 * MIB, 100 * MIB));
    }

    @Test
    void version2_withoutALimit_isUnlimited() throws IOException {
        write("proc/self/cgroup", "0::/app\n");
        write("sys/fs/cgroup/cgroup.controllers", "memory\n");
        group("sys/fs/cgroup/app", "max\n", 50 * MIB, 0);

        assertThat(Cgroup.of(root).read()).isEqualTo(Level.UNLIMITED);
    }

    @Test
    void version1_readsTheMemoryController() throws IOException {
        write("proc/self/cgroup", "9:cpu,cpuacct:/x\n4:memory:/docker/abc\n0::/\n");
        group1("sys/fs/cgroup/memory/docker/abc", 256 * MIB, 250 * MIB, 50 * MIB);

        assertThat(Cgroup.of(root).read()).isEqualTo(new Level(200 * MIB, 256 * MIB));
    }

    @Test
    void version1_insideAContainerThePathIsThatOfTheHost() throws IOException {
        write("proc/self/cgroup", "4:memory:/docker/abc\n");
        group1("sys/fs/cgroup/memory", 256 * MIB, 100 * MIB, 0);

        assertThat(Cgroup.of(root).read()).isEqualTo(new Level(100 * MIB, 256 * MIB));
    }

    @Test
    void version1_theLargestNumberIsNoLimit() throws IOException {
        write("proc/self/cgroup", "4:memory:/\n");
        group1("sys/fs/cgroup/memory", 9_223_372_036_854_771_712L, 100 * MIB, 0);

        assertThat(Cgroup.of(root).read()).isEqualTo(Level.UNLIMITED);
    }

    @Test
    void elsewhere_orDamaged_thereIsNoLimit() throws IOException {
        assertThat(Cgroup.of(root).read()).isEqualTo(Level.UNLIMITED);

        write("proc/self/cgroup", "what\n4:memory:/\n0::/../..\n");
        write("sys/fs/cgroup/memory/memory.usage_in_bytes", "much\n");
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", "\n");
        assertThat(Cgroup.of(root).read()).isEqualTo(Level.UNLIMITED);
    }

    private void group(String folder, String max, long current, long inactive) throws IOException {
        write(folder + "/memory.max", max);
        write(folder + "/memory.current", current + "\n");
        write(folder + "/memory.stat", "anon 5\nfile 7\ninactive_file " + inactive + "\n");
    }

    private void group1(String folder, long limit, long usage, long inactive) throws IOException {
        write(folder + "/memory.limit_in_bytes", limit + "\n");
        write(folder + "/memory.usage_in_bytes", usage + "\n");
        write(folder + "/memory.stat", "cache 5\ninactive_file 1\ntotal_inactive_file " + inactive + "\n");
    }

    private void write(String path, String text) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }
}
