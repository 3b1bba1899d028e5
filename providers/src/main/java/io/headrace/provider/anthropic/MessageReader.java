package io.headrace.provider.anthropic;

import io.headrace.model.ChatResponse;
import io.headrace.model.Choice;
import io.headrace.model.Part;
import io.headrace.model.Part.Refusal;
import io.headrace.provider.http.JsonValues;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Reads one message in one pass, tolerant of fields, blocks and stop reasons that are yet to come. For one use. */
final class MessageReader {

    private final JsonParser in;
    private final UsageReader usage = new UsageReader();
    private final List<Part> parts = new ArrayList<>();
    private String id = "";
    private String model = "";
    private String stopReason = "";
    private String explanation = "";
    private boolean hasError;
    private boolean hasContent;

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
                case "stop_reason" -> stopReason = JsonValues.string(in, stopReason);
                case "stop_details" -> explanation = StopReasons.explanation(in);
                case "usage" -> usage.read(in);
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
        if (stopReason.equals(StopReasons.REFUSAL)) {
            parts.add(new Refusal(explanation));
        }
        Choice choice = new Choice(0, parts, StopReasons.finish(stopReason), stopReason, List.of());
        return new ChatResponse(id, model, List.of(choice), usage.usage(), "", usage.serviceTier());
    }

    private void content() {
        if (!JsonValues.isArray(in)) {
            return;
        }
        hasContent = true;
        while (in.nextToken() != JsonToken.END_ARRAY) {
            if (JsonValues.isObject(in)) {
                Part part = Block.read(in).part();
                if (part != null) {
                    parts.add(part);
                }
            }
        }
    }
}
