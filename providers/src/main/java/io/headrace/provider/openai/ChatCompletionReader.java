package io.headrace.provider.openai;

import io.headrace.Usage;
import io.headrace.model.ChatResponse;
import io.headrace.model.FinishReason;
import io.headrace.provider.http.JsonValues;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Reads one chat completion in one pass, tolerant of whatever compatible servers add or leave out. For one use. */
final class ChatCompletionReader {

    private final JsonParser in;
    private String id = "";
    private String model = "";
    private boolean hasError;
    private boolean hasChoice;
    private String text = "";
    private @Nullable String refusal;
    private @Nullable String finishReason;
    private boolean hasToolCalls;
    private long inputTokens = -1;
    private long outputTokens = -1;
    private long cachedTokens;
    private long reasoningTokens;

    ChatCompletionReader(JsonParser in) {
        this.in = in;
    }

    /** The first choice; null if the body tells of an error. */
    @Nullable
    ChatResponse read() {
        if (in.nextToken() != JsonToken.START_OBJECT) {
            throw new IllegalArgumentException("the answer is no JSON object");
        }
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "id" -> id = JsonValues.string(in, id);
                case "model" -> model = JsonValues.string(in, model);
                case "choices" -> choices();
                case "usage" -> usage();
                case "error" -> error();
                default -> in.skipChildren();
            }
        }
        if (hasError) {
            return null;
        }
        if (!hasChoice) {
            throw new IllegalArgumentException("the answer has no choices");
        }
        return new ChatResponse(id, model, text, reason(), refusal, reportedUsage());
    }

    private void choices() {
        if (!JsonValues.isArray(in)) {
            return;
        }
        while (in.nextToken() != JsonToken.END_ARRAY) {
            if (!hasChoice && JsonValues.isObject(in)) {
                hasChoice = true;
                choice();
            } else if (hasChoice) {
                in.skipChildren();
            }
        }
    }

    private void choice() {
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "message" -> message();
                case "finish_reason" -> finishReason = JsonValues.stringOrNull(in);
                // gateways tell here of a model that broke off
                case "error" -> error();
                default -> in.skipChildren();
            }
        }
    }

    private void message() {
        if (!JsonValues.isObject(in)) {
            return;
        }
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            JsonToken value = in.nextToken();
            switch (name) {
                case "content" -> text = value == JsonToken.START_ARRAY ? parts() : JsonValues.string(in, "");
                case "refusal" -> refusal = JsonValues.stringOrNull(in);
                case "tool_calls", "function_call" -> {
                    hasToolCalls |= value.isStructStart();
                    in.skipChildren();
                }
                default -> in.skipChildren();
            }
        }
    }

    /** Content as an array of parts, which some servers send: the text parts, joined. */
    private String parts() {
        StringBuilder joined = new StringBuilder();
        while (in.nextToken() != JsonToken.END_ARRAY) {
            if (!JsonValues.isObject(in)) {
                continue;
            }
            for (String name = in.nextName(); name != null; name = in.nextName()) {
                in.nextToken();
                if (name.equals("text")) {
                    joined.append(JsonValues.string(in, ""));
                } else {
                    in.skipChildren();
                }
            }
        }
        return joined.toString();
    }

    private void usage() {
        if (!JsonValues.isObject(in)) {
            return;
        }
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "prompt_tokens" -> inputTokens = JsonValues.count(in, -1);
                case "completion_tokens" -> outputTokens = JsonValues.count(in, -1);
                case "prompt_tokens_details" -> cachedTokens = JsonValues.countIn(in, "cached_tokens");
                case "completion_tokens_details" -> reasoningTokens = JsonValues.countIn(in, "reasoning_tokens");
                default -> in.skipChildren();
            }
        }
    }

    private void error() {
        hasError |= in.currentToken() != JsonToken.VALUE_NULL;
        in.skipChildren();
    }

    private FinishReason reason() {
        if (refusal != null) {
            return FinishReason.REFUSAL;
        }
        if (finishReason == null) {
            return hasToolCalls ? FinishReason.TOOL_CALLS : FinishReason.OTHER;
        }
        return switch (finishReason) {
            case "stop" -> FinishReason.STOP;
            case "length" -> FinishReason.LENGTH;
            case "tool_calls", "function_call" -> FinishReason.TOOL_CALLS;
            case "content_filter" -> FinishReason.CONTENT_FILTER;
            default -> FinishReason.OTHER;
        };
    }

    private Usage reportedUsage() {
        return inputTokens < 0 || outputTokens < 0
                ? Usage.UNKNOWN
                : Usage.of(inputTokens, outputTokens).withCached(cachedTokens).withReasoning(reasoningTokens);
    }
}
