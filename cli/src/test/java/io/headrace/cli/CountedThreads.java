package io.headrace.cli;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;

/**
 * Runs the command as a process of its own and counts its threads by what the operating system says, those of native libraries too. The last
 * line on standard output is the most that there were at a time beside the JVM's own.
 */
final class CountedThreads {

    private static volatile int most;

    private CountedThreads() {}

    public static void main(String[] args) {
        Thread counting = new Thread(CountedThreads::count, "counting");
        counting.setDaemon(true);
        int own = threads() + 1;
        counting.start();
        int exitCode = Main.commandLine(Surroundings.ofProcess()).execute(args);
        System.out.println(most - own);
        System.exit(exitCode);
    }

    private static void count() {
        while (true) {
            most = Math.max(most, threads());
            LockSupport.parkNanos(5_000_000); // each count reads a file for each thread
        }
    }

    /** Without those that are only tried, which have the names that Java gives. */
    private static int threads() {
        int count = 0;
        File[] tasks = new File("/proc/self/task").listFiles();
        for (File task : tasks == null ? new File[0] : tasks) {
            try {
                if (!Files.readString(Path.of(task.getPath(), "comm")).startsWith("Thread-")) {
                    count++;
                }
            } catch (IOException e) {
                continue; // it has ended
            }
        }
        return count;
    }
}
