package io.headrace.provider.anthropic;

import io.headrace.Usage;
import io.headrace.model.ChatResponse;
import io.headrace.model.FinishReason;
import io.headrace.provider.http.JsonValues;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Reads one message in one pass, tolerant of fields, blocks and stop reasons that are yet to come. For one use. */
final class MessageReader {

    private final JsonParser in;
    private String id = "";
    private String model = "";
    private boolean hasError;
    private boolean hasContent;
    private String text = "";
    private @Nullable String stopReason;
    private String explanation = "";
    private long inputTokens = -1;
    private long outputTokens = -1;
    private long cacheWrites;
    private long longCacheWrites;
    private long cacheReads;
    private long thinkingTokens;

    MessageReader(JsonParser in) {
        this.in = in;
    }

    /** The message; null if the body tells of an error. */
    @Nullable
    ChatResponse read() {
        if (in.nextToken() != JsonToken.START_OBJECT) {
            throw new IllegalArgumentException("the answer is no JSON object");
        }
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            JsonToken value = in.nextToken();
            switch (name) {
                case "id" -> id = JsonValues.string(in, id);
                case "model" -> model = JsonValues.string(in, model);
                case "content" -> content();
                case "stop_reason" -> stopReason = JsonValues.stringOrNull(in);
                case "stop_details" -> stopDetails();
                case "usage" -> usage();
                case "error" -> {
                    hasError |= value != JsonToken.VALUE_NULL;
                    in.skipChildren();
                }
                default -> in.skipChildren();
            }
        }
        if (hasError) {
            return null;
        }
        if (!hasContent) {
            throw new IllegalArgumentException("the answer has no content");
        }
        FinishReason reason = reason();
        return new ChatResponse(id, model, text, reason, refusal(reason), reportedUsage());
    }

    /** The text blocks, joined; tool calls, thinking and blocks to come hold no answer text. */
    private void content() {
        if (!JsonValues.isArray(in)) {
            return;
        }
        hasContent = true;
        while (in.nextToken() != JsonToken.END_ARRAY) {
            if (!JsonValues.isObject(in)) {
                continue;
            }
            String type = "";
            String blockText = "";
            for (String name = in.nextName(); name != null; name = in.nextName()) {
                in.nextToken();
                switch (name) {
                    case "type" -> type = JsonValues.string(in, "");
                    case "text" -> blockText = JsonValues.string(in, "");
                    default -> in.skipChildren();
                }
            }
            if (type.equals("text")) {
                text = text.isEmpty() ? blockText : text + blockText;
            }
        }
    }

    private void stopDetails() {
        if (!JsonValues.isObject(in)) {
            return;
        }
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            if (name.equals("explanation")) {
                explanation = JsonValues.string(in, "");
            } else {
                in.skipChildren();
            }
        }
    }

    private void usage() {
        if (!JsonValues.isObject(in)) {
            return;
        }
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "input_tokens" -> inputTokens = JsonValues.count(in, -1);
                case "output_tokens" -> outputTokens = JsonValues.count(in, -1);
                case "cache_creation_input_tokens" -> cacheWrites = JsonValues.count(in, 0);
                case "cache_creation" -> longCacheWrites = JsonValues.countIn(in, "ephemeral_1h_input_tokens");
                case "cache_read_input_tokens" -> cacheReads = JsonValues.count(in, 0);
                case "output_tokens_details" -> thinkingTokens = JsonValues.countIn(in, "thinking_tokens");
                default -> in.skipChildren();
            }
        }
    }

    private FinishReason reason() {
        if (stopReason == null) {
            return FinishReason.OTHER;
        }
        return switch (stopReason) {
            case "end_turn", "stop_sequence" -> FinishReason.STOP;
            case "max_tokens", "model_context_window_exceeded" -> FinishReason.LENGTH;
            case "tool_use" -> FinishReason.TOOL_CALLS;
            case "refusal" -> FinishReason.REFUSAL;
            default -> FinishReason.OTHER;
        };
    }

    private @Nullable String refusal(FinishReason reason) {
        if (reason != FinishReason.REFUSAL) {
            return null;
        }
        return explanation.isEmpty() ? text : explanation;
    }

    /** The three kinds of input are disjoint here, so their sum is the prompt. */
    private Usage reportedUsage() {
        return inputTokens < 0 || outputTokens < 0
                ? Usage.UNKNOWN
                : Usage.of(inputTokens + cacheWrites + cacheReads, outputTokens)
                        .withCached(cacheReads)
                        .withCacheWrites(cacheWrites, longCacheWrites)
                        .withReasoning(thinkingTokens);
    }
}
