package io.headrace.provider.http;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.OperatingSystemMXBean;
import java.util.Optional;

/** How many files and sockets the process may open. Each connection takes one, and HTTP/1.1 takes a connection for each call. */
public final class FileDescriptors {

    /** What the rest of a process opens later: journal, results, cache, classes. */
    private static final int RESERVE = 300;

    /** So many fit into the smallest limit that is usual, 1,024; asking would cost the start some milliseconds. */
    private static final int FEW = 256;

    /** Asking takes the time of a connection when there are thousands. */
    private static final int STRIDE = 64;

    private FileDescriptors() {}

    /**
     * What is wrong with opening so many connections, and what to do about it; empty if they fit, or if the operating system
     * does not tell. Say it before the first call: afterwards some calls fail.
     *
     * @param connections how many may be open at once
     */
    public static Optional<String> shortage(int connections) {
        if (connections <= FEW) {
            return Optional.empty();
        }
        return system().flatMap(unix ->
                shortage(connections, unix.getMaxFileDescriptorCount(), unix.getOpenFileDescriptorCount()));
    }

    /**
     * What to say when so many connections are open that calls may soon fail; empty as long as there is room, which is looked at for
     * every {@value #STRIDE}th connection only.
     *
     * @param connections that are open
     */
    static Optional<String> scarcity(int connections) {
        if (connections < FEW || connections % STRIDE != 0) {
            return Optional.empty();
        }
        return system().flatMap(unix ->
                scarcity(connections, unix.getMaxFileDescriptorCount(), unix.getOpenFileDescriptorCount()));
    }

    static Optional<String> scarcity(int connections, long max, long open) {
        long left = max - open;
        return max <= 0 || left >= RESERVE
                ? Optional.empty()
                : Optional.of(connections + " connections are open, and this process may open " + Math.max(left, 0)
                        + " more files of " + max + ": raise the limit (ulimit -n " + Long.highestOneBit(max) * 2
                        + "), lower the concurrency, or use HTTP/2");
    }

    private static Optional<UnixOperatingSystemMXBean> system() {
        OperatingSystemMXBean system = ManagementFactory.getOperatingSystemMXBean();
        return system instanceof UnixOperatingSystemMXBean unix ? Optional.of(unix) : Optional.empty();
    }

    /** Whether {@code error} is the operating system's refusal to open one more. */
    static boolean areUsedUp(Throwable error) {
        String message = error.getMessage();
        return message != null && message.contains("Too many open files");
    }

    static Optional<String> shortage(int connections, long max, long open) {
        long needed = open + RESERVE + connections;
        return max <= 0 || needed <= max
                ? Optional.empty()
                : Optional.of(connections + " connections need about " + needed
                        + " file descriptors with what else is open, and this process may open " + max
                        + ": raise the limit (ulimit -n " + Long.highestOneBit(needed) * 2
                        + "), lower the concurrency, or use HTTP/2");
    }
}
