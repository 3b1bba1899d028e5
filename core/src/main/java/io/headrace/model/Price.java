package io.headrace.model;

import io.headrace.Cost;
import io.headrace.Usage;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a model costs, in US dollars per million tokens, as exact decimals.
 *
 * @param input a token of the prompt
 * @param cachedInput a token of the prompt that is read from the provider's prompt cache, in place of {@code input}
 * @param cacheWrite a token of the prompt that is written to the provider's prompt cache, in place of {@code input}
 * @param longCacheWrite a token written there to be kept for longer, in place of {@code cacheWrite}; null for not known:
 *     what an answer with such tokens cost is unknown then
 * @param output a token of the answer, reasoning included
 * @param above prices that hold for the whole request when its prompt is longer, by rising length
 * @param batchShare the share of all these prices that the provider's batch endpoint takes, such as 0.5; null for not known
 */
public record Price(
        BigDecimal input,
        BigDecimal cachedInput,
        BigDecimal cacheWrite,
        @Nullable BigDecimal longCacheWrite,
        BigDecimal output,
        List<Tier> above,
        @Nullable BigDecimal batchShare) {

    private static final int SCALE = 6;

    /**
     * A price for long prompts.
     *
     * @param promptTokens it holds for prompts of more tokens than this
     * @param price has no tiers of its own
     */
    public record Tier(long promptTokens, Price price) {

        public Tier {
            if (promptTokens < 1 || !price.above.isEmpty()) {
                throw new IllegalArgumentException("a tier starts above at least 1 token and has none of its own");
            }
        }
    }

    /**
     * @throws IllegalArgumentException for a negative price
     */
    public Price {
        requirePrice(input, "input");
        requirePrice(cachedInput, "cachedInput");
        requirePrice(cacheWrite, "cacheWrite");
        if (longCacheWrite != null) {
            requirePrice(longCacheWrite, "longCacheWrite");
        }
        requirePrice(output, "output");
        if (batchShare != null && (batchShare.signum() < 0 || batchShare.compareTo(BigDecimal.ONE) > 0)) {
            throw new IllegalArgumentException("batchShare must lie from 0 to 1, not at " + batchShare);
        }
        above = above.size() < 2
                ? List.copyOf(above)
                : above.stream()
                        .sorted(Comparator.comparingLong(Tier::promptTokens))
                        .toList();
    }

    /** A price without discounts: tokens read from or written to a provider's prompt cache cost as much as others. */
    public static Price of(BigDecimal input, BigDecimal output) {
        return new Price(input, input, input, input, output, List.of(), null);
    }

    /** This price with what reading from and writing to the provider's prompt cache costs. */
    public Price withCache(BigDecimal cachedInput, BigDecimal cacheWrite, @Nullable BigDecimal longCacheWrite) {
        return new Price(input, cachedInput, cacheWrite, longCacheWrite, output, above, batchShare);
    }

    /** This price, of which the provider's batch endpoint takes {@code share}, from 0 to 1. */
    public Price withBatchShare(BigDecimal share) {
        return new Price(input, cachedInput, cacheWrite, longCacheWrite, output, above, share);
    }

    /** What the same costs by the provider's batch endpoint; empty where that is not known. */
    public Optional<Price> batch() {
        return batchShare == null ? Optional.empty() : Optional.of(times(batchShare));
    }

    private Price times(BigDecimal share) {
        List<Tier> tiers = above.stream()
                .map(tier -> new Tier(tier.promptTokens, tier.price.times(share)))
                .toList();
        return new Price(
                input.multiply(share),
                cachedInput.multiply(share),
                cacheWrite.multiply(share),
                longCacheWrite == null ? null : longCacheWrite.multiply(share),
                output.multiply(share),
                tiers,
                null);
    }

    /** This price with {@code price} in its place for prompts of more than {@code promptTokens}. */
    public Price withAbove(long promptTokens, Price price) {
        List<Tier> tiers = new ArrayList<>(above);
        tiers.add(new Tier(promptTokens, price));
        return new Price(input, cachedInput, cacheWrite, longCacheWrite, output, tiers, batchShare);
    }

    /** What an answer of that usage costs; unknown where the usage is, or a price that it needs. */
    public Cost cost(Usage usage) {
        if (!usage.isKnown()) {
            return Cost.UNKNOWN;
        }
        return at(usage.inputTokens()).flat(usage);
    }

    /** The most that a prompt of at most {@code inputTokens} and an answer of at most {@code outputTokens} can cost. */
    Cost ceiling(long inputTokens, long outputTokens) {
        BigDecimal most = atMost(inputTokens, outputTokens);
        for (Tier tier : above) {
            if (inputTokens > tier.promptTokens) {
                most = most.max(tier.price.atMost(inputTokens, outputTokens));
            }
        }
        return Cost.of(most);
    }

    private Cost flat(Usage usage) {
        long cached = Math.min(usage.cachedInputTokens(), usage.inputTokens());
        long written = Math.min(usage.cacheWriteTokens(), usage.inputTokens() - cached);
        long kept = Math.min(usage.longCacheWriteTokens(), written);
        if (kept > 0 && longCacheWrite == null) {
            return Cost.UNKNOWN;
        }
        BigDecimal millionths = times(input, usage.inputTokens() - cached - written)
                .add(times(cachedInput, cached))
                .add(times(cacheWrite, written - kept))
                .add(times(output, usage.outputTokens()));
        if (longCacheWrite != null) {
            millionths = millionths.add(times(longCacheWrite, kept));
        }
        return Cost.of(millionths.movePointLeft(SCALE));
    }

    private BigDecimal atMost(long inputTokens, long outputTokens) {
        BigDecimal dearest = input.max(cacheWrite).max(cachedInput);
        if (longCacheWrite != null) {
            dearest = dearest.max(longCacheWrite);
        }
        return times(dearest, inputTokens).add(times(output, outputTokens)).movePointLeft(SCALE);
    }

    /** The price that holds for a prompt of {@code promptTokens}. */
    Price at(long promptTokens) {
        Price price = this;
        for (Tier tier : above) {
            if (promptTokens > tier.promptTokens) {
                price = tier.price;
            }
        }
        return price;
    }

    private static BigDecimal times(BigDecimal price, long tokens) {
        return price.multiply(BigDecimal.valueOf(tokens));
    }

    private static void requirePrice(BigDecimal price, String name) {
        if (Objects.requireNonNull(price, name).signum() < 0) {
            throw new IllegalArgumentException("negative price of " + name + ": " + price);
        }
    }
}
