package io.headrace.testkit;

import io.headrace.testkit.SimulatedQuota.Dimension;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a simulated provider let in and refused, of one key or of all.
 *
 * @param granted requests that were let in
 * @param refused requests that were refused with 429 for a quota or a storm
 * @param inputTokens that were charged
 * @param outputTokens that were charged, after corrections
 * @param refusedTokens that refused requests asked for
 * @param offered what the limits have offered since the first request: the first burst, and the rate over the time since, used or
 *     not; infinite where there is no limit
 * @param tokensByModel that were charged, by the model that was asked
 * @param seconds those with any traffic, in order; the newest 100,000 of each key
 */
public record QuotaStatistics(
        long granted,
        long refused,
        long inputTokens,
        long outputTokens,
        long refusedTokens,
        Map<Dimension, Double> offered,
        Map<String, Long> tokensByModel,
        List<Second> seconds) {

    /**
     * One second.
     *
     * @param second since the start of the provider, from 0
     * @param granted requests that were let in
     * @param refused requests that were refused
     * @param tokens charged for those that were let in, with corrections that came later
     * @param refusedTokens that refused requests asked for
     */
    public record Second(long second, long granted, long refused, long tokens, long refusedTokens) {

        private static Second sum(Second a, Second b) {
            return new Second(
                    a.second,
                    a.granted + b.granted,
                    a.refused + b.refused,
                    a.tokens + b.tokens,
                    a.refusedTokens + b.refusedTokens);
        }
    }

    private static final QuotaStatistics NONE = new QuotaStatistics(0, 0, 0, 0, 0, Map.of(), Map.of(), List.of());

    public QuotaStatistics {
        offered = Map.copyOf(offered);
        tokensByModel = Map.copyOf(tokensByModel);
        seconds = List.copyOf(seconds);
    }

    /** Nothing was asked. */
    static QuotaStatistics none() {
        return NONE;
    }

    /** All tokens that were charged. */
    public long tokens() {
        return inputTokens + outputTokens;
    }

    /** The share of all requests that were refused, 0 if there were none. */
    public double refusedShare() {
        return granted + refused == 0 ? 0 : (double) refused / (granted + refused);
    }

    /** The charged share of what a limit offered, 0 to 1 and little more for debts; 0 where there is no limit. */
    public double use(Dimension dimension) {
        long used = switch (dimension) {
            case REQUESTS -> granted;
            case TOKENS -> tokens();
            case INPUT_TOKENS -> inputTokens;
            case OUTPUT_TOKENS -> outputTokens;
        };
        return used / offered.getOrDefault(dimension, Double.POSITIVE_INFINITY);
    }

    /** Both together. */
    QuotaStatistics plus(QuotaStatistics other) {
        Map<Dimension, Double> offers = new EnumMap<>(Dimension.class);
        offers.putAll(offered);
        other.offered.forEach((dimension, units) -> offers.merge(dimension, units, Double::sum));
        Map<String, Long> models = new HashMap<>(tokensByModel);
        other.tokensByModel.forEach((model, tokens) -> models.merge(model, tokens, Long::sum));
        TreeMap<Long, Second> both = new TreeMap<>();
        seconds.forEach(second -> both.put(second.second(), second));
        other.seconds.forEach(second -> both.merge(second.second(), second, Second::sum));
        return new QuotaStatistics(
                granted + other.granted,
                refused + other.refused,
                inputTokens + other.inputTokens,
                outputTokens + other.outputTokens,
                refusedTokens + other.refusedTokens,
                offers,
                models,
                List.copyOf(both.values()));
    }
}
