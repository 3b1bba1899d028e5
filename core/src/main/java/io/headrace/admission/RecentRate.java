package io.headrace.admission;

/** What was sent of late: the last 64 requests since it was cleared, at most ten seconds back. Times are in seconds. */
final class RecentRate {

    private static final int MOST = 64;
    private static final double LONGEST = 10;
    private static final double SHORTEST = 0.05;

    private final double[] amounts = new double[MOST];
    private final double[] times = new double[MOST];
    private long count;

    void add(double amount, double now) {
        int at = (int) (count % MOST);
        amounts[at] = amount;
        times[at] = now;
        count++;
    }

    /** An upper estimate, close where the requests are many; infinite without any. */
    double perSecond(double now) {
        double sum = 0;
        double since = now;
        int requests = 0;
        for (long i = count - 1; i >= Math.max(0, count - MOST); i--) {
            int at = (int) (i % MOST);
            if (now - times[at] > LONGEST) {
                break;
            }
            sum += amounts[at];
            since = times[at];
            requests++;
        }
        return requests == 0
                ? Double.POSITIVE_INFINITY
                : sum * (requests + 1) / requests / Math.max(SHORTEST, now - since);
    }

    boolean isEmpty() {
        return count == 0;
    }

    void clear() {
        count = 0;
    }
}
