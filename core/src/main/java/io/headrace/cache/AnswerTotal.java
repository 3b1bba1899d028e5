package io.headrace.cache;

import io.headrace.Cost;
import io.headrace.Usage;
import java.util.Objects;

/**
 * A sum over stored answers.
 *
 * @param count how many
 * @param bytes what their entries take, uncompressed
 * @param usage what they used when they were bought
 * @param cost what they cost then
 */
public record AnswerTotal(long count, long bytes, Usage usage, Cost cost) {

    public static final AnswerTotal NONE = new AnswerTotal(0, 0, Usage.ZERO, Cost.ZERO);

    public AnswerTotal {
        Objects.requireNonNull(usage, "usage");
        Objects.requireNonNull(cost, "cost");
    }

    /** This and one answer more. */
    public AnswerTotal plus(CacheEntry entry) {
        return new AnswerTotal(
                count + 1, bytes + CacheEntryCodec.bytes(entry), usage.plus(entry.usage()), cost.plus(entry.cost()));
    }

    public AnswerTotal plus(AnswerTotal other) {
        return new AnswerTotal(
                count + other.count, bytes + other.bytes, usage.plus(other.usage), cost.plus(other.cost));
    }
}
