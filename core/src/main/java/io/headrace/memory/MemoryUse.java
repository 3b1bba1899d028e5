package io.headrace.memory;

import java.util.Locale;
import java.util.Objects;

/**
 * What is in use of the two bounds at which a Java process dies: its heap, and the memory of the container that it runs in.
 *
 * @param heap what the collection that ended last left in use, or as long as it is little what is in use with the garbage, and the most
 *     that the heap may grow to ({@code -Xmx})
 * @param container what the container uses besides file pages that can be dropped, and its limit; {@link Level#UNLIMITED} outside
 *     of any limit
 * @param collections how many collections there were by now; the heap's reading changes with the next one only
 */
public record MemoryUse(Level heap, Level container, long collections) {

    /**
     * One bound, in bytes.
     *
     * @param limit {@code Long.MAX_VALUE} for none
     */
    public record Level(long used, long limit) {

        public static final Level UNLIMITED = new Level(0, Long.MAX_VALUE);

        public boolean isLimited() {
            return limit != Long.MAX_VALUE;
        }

        /** The part in use, 0 to about 1; 0 without a limit. */
        public double share() {
            return isLimited() && limit > 0 ? (double) used / limit : 0;
        }

        @Override
        public String toString() {
            return isLimited() ? text(used) + " of " + text(limit) : "no limit";
        }
    }

    public MemoryUse {
        Objects.requireNonNull(heap, "heap");
        Objects.requireNonNull(container, "container");
    }

    /** The part in use of the bound that is nearest. */
    public double share() {
        return Math.max(heap.share(), container.share());
    }

    /** Whether the heap is nearer to its bound than the container to its. */
    public boolean isByHeap() {
        return heap.share() >= container.share();
    }

    /** The bound that is nearest, for people. */
    public String nearest() {
        return isByHeap() ? "the Java heap, " + heap : "the container's memory, " + container;
    }

    /** Bytes in the unit that people read. */
    public static String text(long bytes) {
        double kib = bytes / 1024.0;
        if (kib < 1024) {
            return String.format(Locale.ROOT, "%.0f KiB", kib);
        }
        double mib = kib / 1024;
        return mib < 10_240
                ? String.format(Locale.ROOT, "%.0f MiB", mib)
                : String.format(Locale.ROOT, "%.1f GiB", mib / 1024);
    }
}
