package io.headrace.cli;

/** Ranges of options. */
final class Checks {

    private static final double MAX_SPREAD = 3;

    private Checks() {}

    /**
     * @param isGiven whether the option {@code option} was given, which means nothing without what it needs
     * @param isThere whether that was given too
     */
    static void needs(String option, boolean isGiven, String needed, boolean isThere) {
        if (isGiven && !isThere) {
            throw new UsageProblem(option + " needs " + needed);
        }
    }

    static void share(String option, double value) {
        if (!(value >= 0 && value <= 1)) {
            throw new UsageProblem(option + " is a share from 0 to 1, such as 0.05, not " + value);
        }
    }

    static void spread(String option, double value) {
        if (!(value >= 0 && value <= MAX_SPREAD)) {
            throw new UsageProblem(option + " is a sigma from 0 to 3, such as 0.5, not " + value);
        }
    }

    static void range(String option, long value, long min, long max) {
        if (value < min || value > max) {
            String range = max == Long.MAX_VALUE ? "at least " + min : min + " to " + max;
            throw new UsageProblem(option + " must be " + range + ", not " + value);
        }
    }
}
