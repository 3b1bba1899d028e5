package io.headrace.admission;

/** How much the last three estimates of one thing differ: the mean squared logarithm of the ratios of neighbours. */
final class Spread {

    private double last = Double.NaN;
    private double square = Double.NaN;
    private double squareBefore = Double.NaN;

    /** Takes in an estimate above 0. */
    void add(double estimate) {
        squareBefore = square;
        square = squareTo(estimate);
        last = estimate;
    }

    /** Replaces the last estimate by a better one. */
    void revise(double estimate) {
        last = estimate;
    }

    /** NaN while there are not two estimates. */
    double value() {
        return Double.isNaN(squareBefore) ? square : (square + squareBefore) / 2;
    }

    /** What it would be with one more; NaN if they were not three. */
    double valueWith(double estimate) {
        return (square + squareTo(estimate)) / 2;
    }

    /** The last estimate; NaN before the first. */
    double last() {
        return last;
    }

    private double squareTo(double estimate) {
        double deviation = Math.log(estimate / last);
        return deviation * deviation;
    }
}
