package io.headrace.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** What a client process took, printed as one line that {@link Compare} reads. */
final class Measure {

    private final long startNanos = System.nanoTime();

    private Measure() {}

    static Measure start() {
        return new Measure();
    }

    /**
     * Prints wall time since {@link #start}, CPU time of the whole process, peak threads, peak resident memory, and what of it is resident
     * now: memory of the process itself, and pages of files, which the system drops when it needs the room.
     */
    void print(long items) {
        double wallSeconds = (System.nanoTime() - startNanos) / 1e9;
        double cpuSeconds =
                ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime() / 1e9;
        int threads = ManagementFactory.getThreadMXBean().getPeakThreadCount();
        System.out.printf(
                Locale.ROOT,
                "measure items=%d wall=%.3f cpu=%.3f threads=%d rss=%d anonymous=%d files=%d%n",
                items,
                wallSeconds,
                cpuSeconds,
                threads,
                peakResidentMegabytes(),
                megabytes("RssAnon:"),
                megabytes("RssFile:"));
    }

    /** The most that this process was resident so far; -1 where the system does not tell. */
    static long peakResidentMegabytes() {
        return megabytes("VmHWM:");
    }

    private static long megabytes(String name) {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
                if (line.startsWith(name)) {
                    return Long.parseLong(line.replaceAll("\\D", "")) / 1024;
                }
            }
        } catch (IOException e) {
            return -1; // not Linux
        }
        return -1;
    }
}
