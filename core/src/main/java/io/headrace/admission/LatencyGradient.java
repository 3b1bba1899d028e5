package io.headrace.admission;

/**
 * Finds servers that queue instead of refusing: their answers come later the more calls are in flight. Compares the latency of a
 * round of calls with its long moving average and names the share of the concurrency to keep, as Gradient2 of Netflix's
 * <a href="https://github.com/Netflix/concurrency-limits">concurrency-limits</a> does, after TCP Vegas (Brakmo and Peterson,
 * 1995). Where fewer calls in flight bring no shorter latency, the work has become longer and there is no queue. Times are in
 * seconds; averages are geometric, for answers differ in length by a factor more than by an amount.
 */
final class LatencyGradient {

    /** What {@link #answered} gives while nothing has to change. */
    static final double KEEP = -1;

    /** Calls of a round, at the least. */
    private static final int ROUND = 32;

    /** This much slower is no queue yet. */
    private static final double TOLERANCE = 2;

    /** The least share that one round leaves. */
    private static final double LEAST = 0.5;

    /** In which the long average follows upwards while there are too few calls for a queue. */
    private static final double MEMORY = 600;

    private double usual = Double.NaN;
    private double sum;
    private int calls;
    private double since = Double.NaN;

    /** Answers to calls from before it tell of the number that was. */
    private double reducedAt = Double.NEGATIVE_INFINITY;

    private double reducedFrom;
    private double slowAt = Double.NaN;

    /**
     * An answer came.
     *
     * @param inFlight calls in flight, this one included
     * @return the concurrency to go on with, or {@link #KEEP}
     */
    double answered(double latency, int inFlight, double limit, double now) {
        if (now - latency < reducedAt) {
            return KEEP;
        }
        if (Double.isNaN(since)) {
            since = now;
        }
        sum += Math.log(Math.max(latency, 1e-6));
        calls++;
        if (calls < ROUND || calls < limit / 2 || now - since < latency) {
            return KEEP;
        }
        double seconds = now - since;
        double round = sum / calls;
        sum = 0;
        calls = 0;
        since = now;
        double next = judge(round, inFlight, limit, seconds);
        if (next != KEEP) {
            reducedAt = now;
            since = Double.NaN;
        }
        return next;
    }

    private double judge(double round, int inFlight, double limit, double seconds) {
        if (Double.isNaN(usual) || round < usual) {
            usual = Double.isNaN(usual) ? round : (usual + round) / 2;
            return KEEP;
        }
        if (!Double.isNaN(slowAt) && inFlight <= reducedFrom * LEAST * 1.1) {
            boolean helped = round < slowAt + Math.log(0.8);
            slowAt = Double.NaN;
            if (!helped) {
                usual = round;
                return reducedFrom;
            }
        }
        double gradient = TOLERANCE * Math.exp(usual - round);
        if (inFlight < limit / 2) {
            usual += (round - usual) * Math.min(1, seconds / MEMORY);
            return KEEP;
        }
        if (gradient >= 1) {
            return KEEP;
        }
        if (!(slowAt > round)) {
            slowAt = round;
            reducedFrom = limit;
        }
        return Math.max(1, limit * Math.max(LEAST, gradient));
    }
}
