package io.headrace.model;

import java.math.BigDecimal;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a model costs, in US dollars per million tokens, as exact decimals.
 *
 * @param input a token of the prompt
 * @param cachedInput a token of the prompt that is read from the provider's prompt cache, in place of {@code input}
 * @param cacheWrite a token of the prompt that is written to the provider's prompt cache, in place of {@code input}
 * @param output a token of the answer, reasoning included
 * @param above prices that hold for the whole request when its prompt is longer, by rising length
 */
public record Price(
        BigDecimal input, BigDecimal cachedInput, BigDecimal cacheWrite, BigDecimal output, List<Tier> above) {

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
        requirePrice(output, "output");
        above = above.stream()
                .sorted(Comparator.comparingLong(Tier::promptTokens))
                .toList();
    }

    /** A price without discounts: tokens of a provider's prompt cache cost as much as others. */
    public static Price of(BigDecimal input, BigDecimal output) {
        return of(input, null, null, output);
    }

    /** A price of one tier; null for what costs as much as {@code input}. */
    static Price of(
            BigDecimal input, @Nullable BigDecimal cachedInput, @Nullable BigDecimal cacheWrite, BigDecimal output) {
        return new Price(
                input,
                cachedInput == null ? input : cachedInput,
                cacheWrite == null ? input : cacheWrite,
                output,
                List.of());
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

    private static void requirePrice(BigDecimal price, String name) {
        if (Objects.requireNonNull(price, name).signum() < 0) {
            throw new IllegalArgumentException("negative price of " + name + ": " + price);
        }
    }
}
