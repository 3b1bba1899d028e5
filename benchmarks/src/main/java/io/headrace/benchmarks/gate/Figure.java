package io.headrace.benchmarks.gate;

import java.util.Locale;

/**
 * What was measured beside what was promised.
 *
 * @param what the case
 * @param measured with its unit
 * @param bar with its unit
 * @param met whether the one keeps to the other
 */
record Figure(String what, String measured, String bar, boolean met) {

    /** A share in percent. */
    static String percent(double share) {
        return String.format(Locale.ROOT, "%.2f %%", 100 * share);
    }

    @Override
    public String toString() {
        return what + ": " + measured + "; bar: " + bar + "; " + (met ? "met" : "MISSED");
    }
}
