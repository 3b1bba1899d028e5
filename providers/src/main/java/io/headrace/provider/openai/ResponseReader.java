package io.headrace.provider.openai;

import io.headrace.Usage;
import io.headrace.model.ChatResponse;
import io.headrace.model.Choice;
import io.headrace.model.FinishReason;
import io.headrace.model.Part;
import io.headrace.model.TokenLogprob;
import io.headrace.provider.http.JsonValues;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Reads one response object in one pass. For one use. */
final class ResponseReader {

    private final JsonParser in;
    private final List<Part> parts = new ArrayList<>();
    private final List<TokenLogprob> logprobs = new ArrayList<>();
    private String id = "";
    private String model = "";
    private String status = "";
    private String incompleteReason = "";
    private String serviceTier = "";
    private Usage usage = Usage.UNKNOWN;
    private boolean hasOutput;
    private boolean hasError;

    /**
     * @param in stands on the start of the object
     */
    ResponseReader(JsonParser in) {
        this.in = in;
    }

    /** The answer; null if the object tells of an error. */
    @Nullable
    ChatResponse read() {
        if (in.currentToken() != JsonToken.START_OBJECT) {
            throw new IllegalArgumentException("the answer is no JSON object");
        }
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "id" -> id = JsonValues.string(in, "");
                case "model" -> model = JsonValues.string(in, "");
                case "status" -> status = JsonValues.string(in, "");
                case "service_tier" -> serviceTier = JsonValues.string(in, "");
                case "error" -> {
                    hasError |= in.currentToken() != JsonToken.VALUE_NULL;
                    in.skipChildren();
                }
                case "object" -> hasError |= JsonValues.is("error", in); // one that is not wrapped
                case "incomplete_details" -> incompleteReason = JsonValues.stringIn(in, "reason");
                case "output" -> output();
                case "usage" -> usage = JsonValues.isObject(in) ? UsageReader.read(in) : usage;
                default -> in.skipChildren();
            }
        }
        if (hasError || status.equals("failed")) {
            return null;
        }
        if (!hasOutput) {
            throw new IllegalArgumentException("the answer has no output");
        }
        String reason = incompleteReason.isEmpty() ? status : incompleteReason;
        return new ChatResponse(
                id, model, List.of(new Choice(0, parts, finish(), reason, logprobs)), usage, "", serviceTier);
    }

    private FinishReason finish() {
        switch (status) {
            case "queued", "in_progress", "cancelled" ->
                throw new IllegalArgumentException("the response is " + status + ", which is no answer");
            case "incomplete" -> {
                return switch (incompleteReason) {
                    case "max_output_tokens" -> FinishReason.LENGTH;
                    case "content_filter" -> FinishReason.CONTENT_FILTER;
                    default -> FinishReason.OTHER;
                };
            }
            default -> {
                if (parts.stream().anyMatch(Part.Refusal.class::isInstance)) {
                    return FinishReason.REFUSAL;
                }
                return parts.stream().anyMatch(Part.ToolCall.class::isInstance)
                        ? FinishReason.TOOL_CALLS
                        : status.equals("completed") ? FinishReason.STOP : FinishReason.OTHER;
            }
        }
    }

    private void output() {
        if (!JsonValues.isArray(in)) {
            return;
        }
        hasOutput = true;
        while (in.nextToken() != JsonToken.END_ARRAY) {
            if (JsonValues.isObject(in)) {
                OutputItem item = OutputItem.read(in);
                parts.addAll(item.parts());
                logprobs.addAll(item.logprobs());
            }
        }
    }
}
