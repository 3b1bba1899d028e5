package io.headrace.memory;

import com.sun.management.GarbageCollectorMXBean;
import com.sun.management.GcInfo;
import io.headrace.memory.MemoryUse.Level;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads how much memory is in use. Thread-safe; a reading takes some tens of microseconds, most of it for the files of the
 * container's limits.
 */
public final class MemoryProbe {

    private final Cgroup container;
    private final Set<String> heapPools = ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(pool -> pool.getType() == MemoryType.HEAP)
            .map(MemoryPoolMXBean::getName)
            .collect(Collectors.toUnmodifiableSet());
    private final List<GarbageCollectorMXBean> collectors =
            ManagementFactory.getPlatformMXBeans(GarbageCollectorMXBean.class);

    private MemoryProbe(Cgroup container) {
        this.container = container;
    }

    /** Of this process. */
    public static MemoryProbe ofProcess() {
        return new MemoryProbe(Cgroup.of(Path.of("/")));
    }

    /** What is in use now. Never fails: what cannot be read counts as unlimited. */
    public MemoryUse read() {
        long collections = 0;
        for (GarbageCollectorMXBean collector : collectors) {
            collections += collector.getCollectionCount();
        }
        return new MemoryUse(heap(), container.read(), collections);
    }

    private Level heap() {
        return new Level(leftByLastCollection(), Runtime.getRuntime().maxMemory());
    }

    /** What is used before a collection says little: most collectors let the heap fill up before they begin. */
    private long leftByLastCollection() {
        GcInfo last = null;
        for (GarbageCollectorMXBean collector : collectors) {
            GcInfo info = collector.getLastGcInfo();
            if (info != null && (last == null || info.getEndTime() > last.getEndTime())) {
                last = info;
            }
        }
        return last == null ? 0 : used(last);
    }

    private long used(GcInfo collection) {
        long used = 0;
        for (var pool : collection.getMemoryUsageAfterGc().entrySet()) {
            @Nullable MemoryUsage usage = pool.getValue();
            if (usage != null && heapPools.contains(pool.getKey())) {
                used += usage.getUsed();
            }
        }
        return used;
    }
}
