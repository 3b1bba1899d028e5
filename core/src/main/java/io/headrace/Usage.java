package io.headrace;

/**
 * Tokens of one answer or a sum of answers. An answer that reports no usage counts as one unknown, never as zero tokens, so
 * a sum says how much of it is missing.
 *
 * @param inputTokens all tokens of the prompt, those read from and written to the provider's prompt cache included
 * @param cachedInputTokens the part of {@code inputTokens} read from the provider's prompt cache
 * @param cacheWriteTokens the part of {@code inputTokens} written to the provider's prompt cache
 * @param longCacheWriteTokens the part of {@code cacheWriteTokens} that the provider keeps for longer at a price of its own:
 *     an hour in place of five minutes at Anthropic
 * @param outputTokens all tokens of the answer, reasoning included
 * @param reasoningTokens the part of {@code outputTokens} spent on reasoning
 * @param unknown answers in this sum whose usage was not reported
 */
public record Usage(
        long inputTokens,
        long cachedInputTokens,
        long cacheWriteTokens,
        long longCacheWriteTokens,
        long outputTokens,
        long reasoningTokens,
        long unknown) {

    public static final Usage ZERO = new Usage(0, 0, 0, 0, 0, 0, 0);

    /** One answer whose usage was not reported. */
    public static final Usage UNKNOWN = new Usage(0, 0, 0, 0, 0, 0, 1);

    /**
     * @throws IllegalArgumentException for a negative number
     */
    public Usage {
        if ((inputTokens
                        | cachedInputTokens
                        | cacheWriteTokens
                        | longCacheWriteTokens
                        | outputTokens
                        | reasoningTokens
                        | unknown)
                < 0) {
            throw new IllegalArgumentException("negative usage: input " + inputTokens + ", cached " + cachedInputTokens
                    + ", cache writes " + cacheWriteTokens + ", long ones " + longCacheWriteTokens + ", output "
                    + outputTokens + ", reasoning " + reasoningTokens + ", unknown " + unknown);
        }
    }

    /** The reported usage of one answer. */
    public static Usage of(long inputTokens, long outputTokens) {
        return new Usage(inputTokens, 0, 0, 0, outputTokens, 0, 0);
    }

    /** The same with that part of the input read from the provider's prompt cache. */
    public Usage withCached(long cachedInputTokens) {
        return new Usage(
                inputTokens,
                cachedInputTokens,
                cacheWriteTokens,
                longCacheWriteTokens,
                outputTokens,
                reasoningTokens,
                unknown);
    }

    /** The same with that part of the input written to the provider's prompt cache, {@code kept} of them for longer. */
    public Usage withCacheWrites(long cacheWriteTokens, long kept) {
        return new Usage(
                inputTokens, cachedInputTokens, cacheWriteTokens, kept, outputTokens, reasoningTokens, unknown);
    }

    /** The same with that part of the output spent on reasoning. */
    public Usage withReasoning(long reasoningTokens) {
        return new Usage(
                inputTokens,
                cachedInputTokens,
                cacheWriteTokens,
                longCacheWriteTokens,
                outputTokens,
                reasoningTokens,
                unknown);
    }

    /** Whether every answer in this sum reported its usage. */
    public boolean isKnown() {
        return unknown == 0;
    }

    @SuppressWarnings("ReferenceEquality") // most sums begin with ZERO itself
    public Usage plus(Usage other) {
        if (this == ZERO) {
            return other;
        }
        return new Usage(
                inputTokens + other.inputTokens,
                cachedInputTokens + other.cachedInputTokens,
                cacheWriteTokens + other.cacheWriteTokens,
                longCacheWriteTokens + other.longCacheWriteTokens,
                outputTokens + other.outputTokens,
                reasoningTokens + other.reasoningTokens,
                unknown + other.unknown);
    }
}
