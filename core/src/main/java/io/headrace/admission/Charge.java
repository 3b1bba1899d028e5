package io.headrace.admission;

import io.headrace.Delivery;
import io.headrace.Usage;
import io.headrace.admission.Level.Origin;
import io.headrace.admission.ServerLimits.Allowance;
import org.jspecify.annotations.Nullable;

/**
 * What a limit on a rate counts. All reserve by the {@link Demand}; they differ in what an answer is found to have taken. An
 * attempt that surely was not sent, or was refused, took nothing; one with unknown outcome or unknown usage took at the least
 * what it reserved.
 */
public enum Charge {
    /** Each request as one. */
    REQUESTS("requests"),
    /** Tokens in and out, as the answer reports them. */
    TOKENS("tokens"),
    /**
     * Tokens in as the answer reports them, and out as many as were asked for: for servers that count the prompt and the bound on
     * the answer at admission and never correct it, as OpenAI does.
     */
    RESERVED_TOKENS("tokens"),
    /** Tokens in, but not those read from the provider's prompt cache, as Anthropic counts them. */
    INPUT_TOKENS("input tokens"),
    /** Tokens out, reasoning included. */
    OUTPUT_TOKENS("output tokens");

    private final String unit;

    Charge(String unit) {
        this.unit = unit;
    }

    /** What is counted, in the plural, such as {@code input tokens}. */
    public String unit() {
        return unit;
    }

    /** Whether the server too counts what was asked for at first and gives back at the end what was not used. */
    boolean isCorrected() {
        return this == TOKENS || this == OUTPUT_TOKENS;
    }

    /** Why a call that asks for so much can never be granted by the limit {@code name}. */
    String tooMuch(long asked, long limit, Origin origin, String name) {
        return "the call asks for " + asked + " " + unit + ", more than the " + limit + " "
                + (origin == Origin.STATED ? "stated" : "that the server allows") + " as " + name;
    }

    /** What {@code demand} reserves. */
    long reserved(Demand demand) {
        return switch (this) {
            case REQUESTS -> 1;
            case TOKENS, RESERVED_TOKENS -> demand.tokens();
            case INPUT_TOKENS -> demand.inputTokens();
            case OUTPUT_TOKENS -> demand.outputTokens();
        };
    }

    /** What an attempt of {@code demand} that ended so is found to have taken. */
    long taken(Demand demand, Settlement end) {
        if (end.isFree()) {
            return 0;
        }
        long reserved = reserved(demand);
        if (this == REQUESTS || !end.usage().isKnown()) {
            return reserved;
        }
        long used = used(demand, end.usage());
        return end.delivery() == Delivery.ANSWERED ? used : Math.max(reserved, used);
    }

    private long used(Demand demand, Usage usage) {
        return switch (this) {
            case REQUESTS -> 1;
            case TOKENS -> usage.inputTokens() + usage.outputTokens();
            case RESERVED_TOKENS -> usage.inputTokens() + demand.outputTokens();
            case INPUT_TOKENS -> Math.max(0, usage.inputTokens() - usage.cachedInputTokens());
            case OUTPUT_TOKENS -> usage.outputTokens();
        };
    }

    /** What the server said of this; null when nothing. */
    @Nullable
    Allowance of(ServerLimits limits) {
        return switch (this) {
            case REQUESTS -> limits.requests();
            case TOKENS, RESERVED_TOKENS -> limits.tokens();
            case INPUT_TOKENS -> limits.inputTokens();
            case OUTPUT_TOKENS -> limits.outputTokens();
        };
    }
}
