package io.headrace.model;

import io.headrace.Usage;
import io.headrace.model.Part.Reasoning;
import io.headrace.model.Part.Refusal;
import io.headrace.model.Part.Text;
import io.headrace.model.Part.ToolCall;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Reads a stored answer in one pass; the parser stands at its start. For one use. */
final class ChatAnswerReader {

    private final JsonParser from;

    ChatAnswerReader(JsonParser from) {
        this.from = from;
    }

    ChatResponse read() {
        String id = "";
        String model = "";
        String requestId = "";
        String serviceTier = "";
        String text = "";
        String refusal = null;
        FinishReason finishReason = FinishReason.OTHER;
        List<Choice> choices = new ArrayList<>();
        Usage usage = Usage.UNKNOWN;
        for (String field = from.nextName(); field != null; field = from.nextName()) {
            from.nextToken();
            switch (field) {
                case "id" -> id = string();
                case "model" -> model = string();
                case "requestId" -> requestId = string();
                case "serviceTier" -> serviceTier = string();
                case "choices" -> choices = choices();
                case "usage" -> usage = usage();
                // how the first version wrote the one choice that it knew
                case "text" -> text = string();
                case "refusal" -> refusal = stringOrNull();
                case "finishReason" -> finishReason = finishReason();
                default -> from.skipChildren();
            }
        }
        return choices.isEmpty()
                ? new ChatResponse(id, model, text, finishReason, refusal, usage)
                : new ChatResponse(id, model, choices, usage, requestId, serviceTier);
    }

    private List<Choice> choices() {
        List<Choice> choices = new ArrayList<>();
        for (boolean more = isArray(); more && from.nextToken() != JsonToken.END_ARRAY; ) {
            int index = choices.size();
            List<Part> parts = List.of();
            FinishReason finishReason = FinishReason.OTHER;
            String providerReason = "";
            List<TokenLogprob> logprobs = List.of();
            for (String field = firstName(); field != null; field = from.nextName()) {
                from.nextToken();
                switch (field) {
                    case "index" -> index = (int) count();
                    case "parts" -> parts = parts();
                    case "finishReason" -> finishReason = finishReason();
                    case "providerReason" -> providerReason = string();
                    case "logprobs" -> logprobs = logprobs();
                    default -> from.skipChildren();
                }
            }
            choices.add(new Choice(index, parts, finishReason, providerReason, logprobs));
        }
        return choices;
    }

    private List<Part> parts() {
        List<Part> parts = new ArrayList<>();
        for (boolean more = isArray(); more && from.nextToken() != JsonToken.END_ARRAY; ) {
            Part part = part();
            if (part != null) {
                parts.add(part);
            }
        }
        return parts;
    }

    /** Null for a part of a kind that this version does not know. */
    private @Nullable Part part() {
        String kind = "";
        String value = "";
        String id = "";
        String arguments = "";
        String signature = "";
        String encrypted = "";
        for (String field = firstName(); field != null; field = from.nextName()) {
            from.nextToken();
            switch (field) {
                case "text", "refusal", "reasoning", "tool" -> {
                    kind = field;
                    value = string();
                }
                case "id" -> id = string();
                case "arguments" -> arguments = string();
                case "signature" -> signature = string();
                case "encrypted" -> encrypted = string();
                default -> from.skipChildren();
            }
        }
        return switch (kind) {
            case "text" -> new Text(value);
            case "refusal" -> new Refusal(value);
            case "reasoning" -> new Reasoning(id, value, signature, encrypted);
            case "tool" -> new ToolCall(id, value, arguments);
            default -> null;
        };
    }

    private List<TokenLogprob> logprobs() {
        List<TokenLogprob> tokens = new ArrayList<>();
        for (boolean more = isArray(); more && from.nextToken() != JsonToken.END_ARRAY; ) {
            String token = "";
            double logprob = 0;
            List<TokenLogprob> top = List.of();
            for (String field = firstName(); field != null; field = from.nextName()) {
                JsonToken value = from.nextToken();
                switch (field) {
                    case "token" -> token = string();
                    case "logprob" -> logprob = value.isNumeric() ? from.getDoubleValue() : 0;
                    case "top" -> top = logprobs();
                    default -> from.skipChildren();
                }
            }
            tokens.add(new TokenLogprob(token, logprob, top));
        }
        return tokens;
    }

    private Usage usage() {
        if (from.currentToken() != JsonToken.START_OBJECT) {
            from.skipChildren();
            return Usage.UNKNOWN;
        }
        long input = 0;
        long cachedInput = 0;
        long cacheWrite = 0;
        long longCacheWrite = 0;
        long output = 0;
        long reasoning = 0;
        long unknown = 0;
        for (String field = from.nextName(); field != null; field = from.nextName()) {
            from.nextToken();
            switch (field) {
                case "inputTokens" -> input = count();
                case "cachedInputTokens" -> cachedInput = count();
                case "cacheWriteTokens" -> cacheWrite = count();
                case "longCacheWriteTokens" -> longCacheWrite = count();
                case "outputTokens" -> output = count();
                case "reasoningTokens" -> reasoning = count();
                case "unknown" -> unknown = count();
                default -> from.skipChildren();
            }
        }
        return new Usage(input, cachedInput, cacheWrite, longCacheWrite, output, reasoning, unknown);
    }

    /** The first name of an object; null for anything else, which is passed over. */
    private @Nullable String firstName() {
        if (from.currentToken() == JsonToken.START_OBJECT) {
            return from.nextName();
        }
        from.skipChildren();
        return null;
    }

    private boolean isArray() {
        if (from.currentToken() == JsonToken.START_ARRAY) {
            return true;
        }
        from.skipChildren();
        return false;
    }

    private long count() {
        from.skipChildren();
        return from.currentToken() == JsonToken.VALUE_NUMBER_INT ? from.getLongValue() : 0;
    }

    private String string() {
        String string = stringOrNull();
        return string == null ? "" : string;
    }

    private @Nullable String stringOrNull() {
        from.skipChildren();
        return from.currentToken() == JsonToken.VALUE_STRING ? from.getString() : null;
    }

    private FinishReason finishReason() {
        String name = string();
        for (FinishReason reason : FinishReason.values()) {
            if (reason.name().equals(name)) {
                return reason;
            }
        }
        return FinishReason.OTHER;
    }
}
