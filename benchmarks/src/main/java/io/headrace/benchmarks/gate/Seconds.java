package io.headrace.benchmarks.gate;

import io.headrace.testkit.QuotaStatistics;
import io.headrace.testkit.QuotaStatistics.Second;
import java.util.function.ToLongFunction;

/** What a server counted of one key, second by second from the key's first request. */
final class Seconds {

    private Seconds() {}

    /** So many seconds, the first of them 0. */
    static long[] of(QuotaStatistics seen, int seconds, ToLongFunction<Second> units) {
        long[] counts = new long[seconds];
        long first = seen.seconds().isEmpty() ? 0 : seen.seconds().get(0).second();
        for (Second second : seen.seconds()) {
            if (second.second() - first < seconds) {
                counts[(int) (second.second() - first)] = units.applyAsLong(second);
            }
        }
        return counts;
    }

    /** From {@code from} to before {@code to}. */
    static double sum(long[] counts, int from, int to) {
        double sum = 0;
        for (int second = from; second < to; second++) {
            sum += counts[second];
        }
        return sum;
    }
}
