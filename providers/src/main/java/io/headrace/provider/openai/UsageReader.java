package io.headrace.provider.openai;

import io.headrace.Usage;
import io.headrace.provider.http.JsonValues;
import tools.jackson.core.JsonParser;

/** Reads the tokens of an answer, whose names differ between the APIs. What is cached or thought is a part of the whole. */
final class UsageReader {

    private long input = -1;
    private long output = -1;
    private long total;
    private long cached;
    private long cacheWrites;
    private long reasoning;

    private UsageReader() {}

    /** Reads the object that {@code in} stands on; unknown where it lacks the tokens of the prompt or of the answer. */
    static Usage read(JsonParser in) {
        UsageReader reader = new UsageReader();
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "prompt_tokens", "input_tokens" -> reader.input = JsonValues.count(in, -1);
                case "completion_tokens", "output_tokens" -> reader.output = JsonValues.count(in, -1);
                case "total_tokens" -> reader.total = JsonValues.count(in, 0);
                case "prompt_tokens_details", "input_tokens_details" -> reader.inputDetails(in);
                case "completion_tokens_details", "output_tokens_details" ->
                    reader.reasoning = JsonValues.countIn(in, "reasoning_tokens");
                default -> in.skipChildren();
            }
        }
        // Gemini and xAI leave out of the answer's tokens what was thought, and bill it: only the sum has it
        return reader.input < 0 || reader.output < 0
                ? Usage.UNKNOWN
                : Usage.of(reader.input, Math.max(reader.output, reader.total - reader.input))
                        .withCached(reader.cached)
                        .withCacheWrites(reader.cacheWrites, 0)
                        .withReasoning(reader.reasoning);
    }

    private void inputDetails(JsonParser in) {
        if (!JsonValues.isObject(in)) {
            return;
        }
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "cached_tokens" -> cached = JsonValues.count(in, 0);
                case "cache_write_tokens" -> cacheWrites = JsonValues.count(in, 0);
                default -> in.skipChildren();
            }
        }
    }
}
