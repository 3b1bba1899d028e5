package io.headrace.run;

import java.util.Locale;
import java.util.Optional;

/**
 * Watches how many of the last items failed. It tells once when the share passes the limit, and again only after the share has gone
 * below half of it. Silent until its window is full. Not thread-safe.
 */
final class ErrorAlarm {

    private final double share;
    private boolean told;

    /**
     * @param share 0 to 1; 1 is never passed
     */
    ErrorAlarm(double share) {
        this.share = share;
    }

    /**
     * {@code share}, if it is one.
     *
     * @throws IllegalArgumentException if it is not from 0 to 1
     */
    static double checked(double share) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("a share of errors lies between 0 and 1, not at " + share);
        }
        return share;
    }

    /** What there is to tell after an item. */
    Optional<String> look(RecentFailures failures) {
        int now = failures.count();
        double limit = share * RecentFailures.WINDOW;
        if (!failures.isFull() || now <= limit) {
            told &= now > limit / 2;
            return Optional.empty();
        }
        if (told) {
            return Optional.empty();
        }
        told = true;
        return Optional.of(String.format(
                Locale.ROOT,
                "%d of the last %d items failed, more than the %s %% allowed",
                now,
                RecentFailures.WINDOW,
                Double.toString(Math.round(share * 1000) / 10.0)));
    }
}
