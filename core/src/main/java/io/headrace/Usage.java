package io.headrace;

/**
 * Tokens of one answer or a sum of answers. An answer that reports no usage counts as one unknown, never as zero tokens, so
 * a sum says how much of it is missing.
 *
 * @param inputTokens all tokens of the prompt, cached ones included
 * @param cachedInputTokens the part of {@code inputTokens} read from the provider's prompt cache
 * @param outputTokens all tokens of the answer, reasoning included
 * @param reasoningTokens the part of {@code outputTokens} spent on reasoning
 * @param unknown answers in this sum whose usage was not reported
 */
public record Usage(long inputTokens, long cachedInputTokens, long outputTokens, long reasoningTokens, long unknown) {

    public static final Usage ZERO = new Usage(0, 0, 0, 0, 0);

    /** One answer whose usage was not reported. */
    public static final Usage UNKNOWN = new Usage(0, 0, 0, 0, 1);

    /**
     * @throws IllegalArgumentException for a negative number
     */
    public Usage {
        if ((inputTokens | cachedInputTokens | outputTokens | reasoningTokens | unknown) < 0) {
            throw new IllegalArgumentException("negative usage: input " + inputTokens + ", cached " + cachedInputTokens
                    + ", output " + outputTokens + ", reasoning " + reasoningTokens + ", unknown " + unknown);
        }
    }

    /** The reported usage of one answer. */
    public static Usage of(long inputTokens, long outputTokens) {
        return new Usage(inputTokens, 0, outputTokens, 0, 0);
    }

    /** Whether every answer in this sum reported its usage. */
    public boolean isKnown() {
        return unknown == 0;
    }

    public Usage plus(Usage other) {
        return new Usage(
                inputTokens + other.inputTokens,
                cachedInputTokens + other.cachedInputTokens,
                outputTokens + other.outputTokens,
                reasoningTokens + other.reasoningTokens,
                unknown + other.unknown);
    }
}
