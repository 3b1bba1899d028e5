package io.headrace.testkit;

import io.headrace.testkit.SimulatedQuota.Dimension;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The numbers behind one key's {@link QuotaStatistics}. Not thread-safe. */
final class Traffic {

    private static final int KEPT = 100_000;

    /** One second's numbers; a correction finds its way back to the second of its request. */
    static final class Second {

        private final long second;
        private long granted;
        private long refused;
        private long tokens;
        private long refusedTokens;

        private Second(long second) {
            this.second = second;
        }
    }

    private final Deque<Second> seconds = new ArrayDeque<>();
    private final Map<String, Long> tokensByModel = new HashMap<>();
    private long granted;
    private long refused;
    private long inputTokens;
    private long outputTokens;
    private long refusedTokens;

    Second granted(long atSecond, String model, long input, long output) {
        Second second = at(atSecond);
        granted++;
        second.granted++;
        inputTokens += input;
        second.tokens += input;
        tokensByModel.merge(model, input, Long::sum);
        correct(second, model, output);
        return second;
    }

    void refused(long atSecond, long tokens) {
        Second second = at(atSecond);
        refused++;
        second.refused++;
        refusedTokens += tokens;
        second.refusedTokens += tokens;
    }

    /** Output that was charged, or given back, for a request that was let in at {@code second}. */
    void correct(Second second, String model, long output) {
        outputTokens += output;
        second.tokens += output;
        tokensByModel.merge(model, output, Long::sum);
    }

    QuotaStatistics snapshot(Map<Dimension, Double> offered) {
        return new QuotaStatistics(
                granted, refused, inputTokens, outputTokens, refusedTokens, offered, tokensByModel, seconds());
    }

    private List<QuotaStatistics.Second> seconds() {
        return seconds.stream()
                .map(each -> new QuotaStatistics.Second(
                        each.second, each.granted, each.refused, each.tokens, each.refusedTokens))
                .toList();
    }

    private Second at(long atSecond) {
        Second newest = seconds.peekLast();
        if (newest == null || newest.second != atSecond) {
            newest = new Second(atSecond);
            seconds.add(newest);
            if (seconds.size() > KEPT) {
                seconds.remove();
            }
        }
        return newest;
    }
}
