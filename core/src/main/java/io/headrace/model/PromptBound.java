package io.headrace.model;

import io.headrace.model.Part.CachePoint;
import io.headrace.model.Part.Document;
import io.headrace.model.Part.Image;
import io.headrace.model.Part.Reasoning;
import io.headrace.model.Part.Refusal;
import io.headrace.model.Part.Text;
import io.headrace.model.Part.ToolCall;
import io.headrace.model.Part.ToolResult;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalLong;

/** How many tokens a prompt can have at most: a text has no more than bytes in UTF-8. For one request. */
final class PromptBound {

    /** The start of the answer and whatever stands round the whole. */
    private static final int PER_REQUEST = 64;

    /** More than a message or a part adds to its text: role, separators, type. */
    private static final int PER_PART = 16;

    /** More than the instructions that providers add when there are tools, or a schema for the answer. */
    private static final int FOR_INSTRUCTIONS = 2_048;

    private long tokens = PER_REQUEST;
    private boolean known = true;

    private PromptBound() {}

    /** Empty for a request with images, documents or extra fields, whose tokens only the provider knows. */
    static OptionalLong of(ChatRequest request) {
        PromptBound bound = new PromptBound();
        for (Message message : request.messages()) {
            bound.tokens += PER_PART;
            bound.add(message.parts());
        }
        if (!request.tools().isEmpty()) {
            bound.tokens += FOR_INSTRUCTIONS;
            for (Tool tool : request.tools()) {
                bound.add(tool.name());
                bound.add(tool.description());
                bound.add(tool.parameters().json());
            }
        }
        if (request.answerFormat() instanceof AnswerFormat.Schema schema) {
            bound.tokens += FOR_INSTRUCTIONS;
            bound.add(schema.name());
            bound.add(schema.description());
            bound.add(schema.schema().json());
        }
        return bound.known && request.extra().isEmpty() ? OptionalLong.of(bound.tokens) : OptionalLong.empty();
    }

    private void add(List<Part> parts) {
        for (Part part : parts) {
            if (part instanceof Text text) {
                add(text.text());
            } else if (part instanceof Refusal refusal) {
                add(refusal.text());
            } else if (part instanceof Reasoning thought) {
                add(thought.text());
                add(thought.signature());
                add(thought.encrypted());
            } else if (part instanceof ToolCall call) {
                add(call.id());
                add(call.name());
                add(call.arguments());
            } else if (part instanceof ToolResult result) {
                add(result.callId());
                add(result.content());
            } else if (part instanceof Image || part instanceof Document) {
                known = false;
            } else if (!(part instanceof CachePoint)) {
                throw new IllegalStateException("no bound for a " + part.getClass());
            }
        }
    }

    private void add(String text) {
        tokens += PER_PART + text.getBytes(StandardCharsets.UTF_8).length;
    }
}
