package io.headrace.admission;

/** How much successive estimates of one thing differ: a moving average of the squared logarithm of their ratio. */
final class Spread {

    private double last = Double.NaN;
    private double spread = Double.NaN;

    /** Takes in an estimate above 0. */
    void add(double estimate) {
        if (!Double.isNaN(last)) {
            double deviation = Math.log(estimate / last);
            double square = deviation * deviation;
            spread = Double.isNaN(spread) ? square : (spread + square) / 2;
        }
        last = estimate;
    }

    /** Replaces the last estimate by a better one. */
    void revise(double estimate) {
        last = estimate;
    }

    /** NaN while there are not two estimates. */
    double value() {
        return spread;
    }

    double last() {
        return last;
    }
}
