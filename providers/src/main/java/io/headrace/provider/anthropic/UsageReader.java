package io.headrace.provider.anthropic;

import io.headrace.Usage;
import io.headrace.provider.http.JsonValues;
import tools.jackson.core.JsonParser;

/** The usage of one answer, which a stream tells bit by bit: what is told later overrules. Not thread-safe. */
final class UsageReader {

    private long inputTokens = -1;
    private long outputTokens = -1;
    private long cacheWrites;
    private long shortCacheWrites;
    private long longCacheWrites;
    private long cacheReads;
    private long thinkingTokens;
    private String serviceTier = "";

    /** Reads the {@code usage} that {@code in} stands on. */
    void read(JsonParser in) {
        if (!JsonValues.isObject(in)) {
            return;
        }
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "input_tokens" -> inputTokens = JsonValues.count(in, inputTokens);
                case "output_tokens" -> outputTokens = JsonValues.count(in, outputTokens);
                case "cache_creation_input_tokens" -> cacheWrites = JsonValues.count(in, cacheWrites);
                case "cache_creation" -> cacheCreation(in);
                case "cache_read_input_tokens" -> cacheReads = JsonValues.count(in, cacheReads);
                case "output_tokens_details" ->
                    thinkingTokens = Math.max(thinkingTokens, JsonValues.countIn(in, "thinking_tokens"));
                case "service_tier" -> serviceTier = JsonValues.string(in, serviceTier);
                default -> in.skipChildren();
            }
        }
    }

    /** What was written by how long it is kept, which some servers tell without its sum. */
    private void cacheCreation(JsonParser in) {
        if (!JsonValues.isObject(in)) {
            return;
        }
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "ephemeral_5m_input_tokens" -> shortCacheWrites = JsonValues.count(in, shortCacheWrites);
                case "ephemeral_1h_input_tokens" -> longCacheWrites = JsonValues.count(in, longCacheWrites);
                default -> in.skipChildren();
            }
        }
    }

    /** What a stream tells of its output at its start is no more than that of the first piece. */
    void forgetOutput() {
        outputTokens = -1;
    }

    /** The three kinds of input are disjoint on the wire, so their sum is the prompt. */
    Usage usage() {
        long writes = Math.max(cacheWrites, shortCacheWrites + longCacheWrites);
        return inputTokens < 0 || outputTokens < 0
                ? Usage.UNKNOWN
                : Usage.of(inputTokens + writes + cacheReads, outputTokens)
                        .withCached(cacheReads)
                        .withCacheWrites(writes, longCacheWrites)
                        .withReasoning(thinkingTokens);
    }

    String serviceTier() {
        return serviceTier;
    }
}
