package io.headrace.run;

import java.time.Duration;
import java.util.ArrayDeque;

/**
 * Items a second of late: what holds the run up now shows in it, and what held it up an hour ago does not. Thread-safe.
 */
final class RecentItems {

    private static final Duration MEMORY = Duration.ofSeconds(30);

    private final ArrayDeque<Point> points = new ArrayDeque<>();

    private record Point(Duration at, long done) {}

    RecentItems() {
        points.add(new Point(Duration.ZERO, 0));
    }

    /** Counts {@code done} items {@code elapsed} after the start; gives the rate of about the last half minute. */
    synchronized double itemsPerSecond(Duration elapsed, long done) {
        Point last = points.getLast();
        if (elapsed.minus(last.at).compareTo(MEMORY.dividedBy(30)) >= 0) {
            points.add(new Point(elapsed, done));
        }
        while (points.size() > 2 && elapsed.minus(points.getFirst().at).compareTo(MEMORY) > 0) {
            points.removeFirst();
        }
        Point from = points.getFirst();
        double seconds = elapsed.minus(from.at).toNanos() / 1e9;
        return seconds > 0 ? (done - from.done) / seconds : 0;
    }
}
