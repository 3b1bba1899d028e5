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
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads how much memory is in use. Thread-safe; a reading takes some tens of microseconds, most of it for the files of the
 * container's limits.
 *
 * <p>What the last collection left is at most what is in use now. As long as that is under half of the heap at each reading it is
 * taken instead: Java's management beans, which know better, are some sixty classes, which most runs need for nothing else.
 */
public final class MemoryProbe {

    private final Cgroup container;
    private final LongSupplier used;
    private volatile @Nullable HeapBeans heapBeans;

    /**
     * @param used of the heap now, garbage included
     */
    MemoryProbe(Cgroup container, LongSupplier used) {
        this.container = container;
        this.used = used;
    }

    /** Of this process. */
    public static MemoryProbe ofProcess() {
        return new MemoryProbe(Cgroup.of(Path.of("/")), MemoryProbe::usedNow);
    }

    /** What is in use now. Never fails: what cannot be read counts as unlimited. */
    public MemoryUse read() {
        long limit = Runtime.getRuntime().maxMemory();
        HeapBeans beans = heapBeans;
        if (beans == null) {
            long now = used.getAsLong();
            if (now < limit / 2) {
                return new MemoryUse(new Level(now, limit), container.read(), 0);
            }
            beans = new HeapBeans();
            heapBeans = beans;
        }
        return new MemoryUse(new Level(beans.leftByLast(), limit), container.read(), beans.count());
    }

    private static long usedNow() {
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    /** What Java tells of its collections. */
    private static final class HeapBeans {

        private final Set<String> heapPools = ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getType() == MemoryType.HEAP)
                .map(MemoryPoolMXBean::getName)
                .collect(Collectors.toUnmodifiableSet());
        private final List<GarbageCollectorMXBean> collectors =
                ManagementFactory.getPlatformMXBeans(GarbageCollectorMXBean.class);

        long count() {
            long count = 0;
            for (GarbageCollectorMXBean collector : collectors) {
                count += collector.getCollectionCount();
            }
            return count;
        }

        /** What is used before a collection says little: most collectors let the heap fill up before they begin. */
        long leftByLast() {
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
}
