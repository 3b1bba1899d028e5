package io.headrace.cli;

/** Ranges of options. */
final class Checks {

    private Checks() {}

    static void share(String option, double value) {
        if (!(value >= 0 && value <= 1)) {
            throw new UsageProblem(option + " is a share from 0 to 1, such as 0.05, not " + value);
        }
    }

    static void range(String option, long value, long min, long max) {
        if (value < min || value > max) {
            String range = max == Long.MAX_VALUE ? "at least " + min : min + " to " + max;
            throw new UsageProblem(option + " must be " + range + ", not " + value);
        }
    }
}
