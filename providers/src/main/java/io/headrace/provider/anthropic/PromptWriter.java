package io.headrace.provider.anthropic;

import io.headrace.model.Message;
import io.headrace.model.Message.Role;
import io.headrace.model.Part;
import io.headrace.model.Part.CachePoint;
import io.headrace.model.Part.Document;
import io.headrace.model.Part.Image;
import io.headrace.model.Part.Reasoning;
import io.headrace.model.Part.Refusal;
import io.headrace.model.Part.Text;
import io.headrace.model.Part.ToolCall;
import io.headrace.model.Part.ToolResult;
import io.headrace.model.Tool;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/** Writes what a model reads: system texts, messages and tools, with the marks of its prompt cache. For one request. */
final class PromptWriter {

    private static final int MOST_MARKS = 4;

    private final JsonGenerator json;
    private final MediaWriter media;
    private int marks;

    PromptWriter(JsonGenerator json) {
        this.json = json;
        this.media = new MediaWriter(json);
    }

    /** One text is a string; all else stays apart as blocks. */
    void system(List<Message> messages) {
        if (messages.size() == 1 && singleText(messages.get(0).parts()) != null) {
            json.writeString(messages.get(0).text());
            return;
        }
        json.writeStartArray();
        int written = 0;
        for (int i = 0; i < messages.size(); i++) {
            written += blocks(messages.get(i).parts(), place(i));
        }
        json.writeEndArray();
        requireSome(written, place(0));
    }

    /** The messages from {@code first} on, which hold none of the system. */
    void messages(List<Message> messages, int first) {
        json.writeStartArray();
        for (int i = first; i < messages.size(); i++) {
            Message message = messages.get(i);
            json.writeStartObject();
            json.writeStringProperty("role", message.role() == Role.ASSISTANT ? "assistant" : "user");
            json.writeName("content");
            content(message.parts(), place(i));
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    void tools(List<Tool> tools) {
        json.writeStartArray();
        for (Tool tool : tools) {
            json.writeStartObject();
            json.writeStringProperty("name", tool.name());
            if (!tool.description().isEmpty()) {
                json.writeStringProperty("description", tool.description());
            }
            json.writeName("input_schema");
            json.writeRawValue(tool.parameters().json());
            if (tool.strict() != null) {
                json.writeBooleanProperty("strict", tool.strict());
            }
            mark(tool.cachePoint());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private void content(List<Part> parts, String place) {
        String text = singleText(parts);
        if (text != null) {
            json.writeString(text);
            return;
        }
        json.writeStartArray();
        int written = blocks(parts, place);
        json.writeEndArray();
        requireSome(written, place);
    }

    private int blocks(List<Part> parts, String place) {
        int written = 0;
        for (int i = 0; i < parts.size(); i++) {
            Part part = parts.get(i);
            if (saysNothing(part)) {
                continue;
            }
            written++;
            json.writeStartObject();
            block(part, place);
            if (!(part instanceof Reasoning)) {
                mark(pointAfter(parts, i));
            }
            json.writeEndObject();
        }
        return written;
    }

    /** What Anthropic takes no block for: cache points, which mark the block before; empty texts; reasoning of others. */
    private static boolean saysNothing(Part part) {
        return part instanceof CachePoint
                || (part instanceof Text text && text.text().isEmpty())
                || (part instanceof Refusal refusal && refusal.text().isEmpty())
                || (part instanceof Reasoning thought
                        && (!thought.id().isEmpty()
                                || (thought.signature().isEmpty()
                                        && thought.encrypted().isEmpty())));
    }

    private void block(Part part, String place) {
        if (part instanceof Text text) {
            text(text.text());
        } else if (part instanceof Refusal refusal) {
            text(refusal.text());
        } else if (part instanceof Image image) {
            media.image(image, place);
        } else if (part instanceof Document document) {
            media.document(document, place);
        } else if (part instanceof Reasoning thought) {
            reasoning(thought);
        } else if (part instanceof ToolCall call) {
            toolCall(call, place);
        } else if (part instanceof ToolResult result) {
            toolResult(result, place);
        } else {
            throw new IllegalArgumentException(
                    place + " holds a " + part.getClass().getSimpleName() + ", which cannot be sent");
        }
    }

    private void text(String text) {
        json.writeStringProperty("type", "text");
        json.writeStringProperty("text", text);
    }

    private void reasoning(Reasoning thought) {
        if (thought.encrypted().isEmpty()) {
            json.writeStringProperty("type", "thinking");
            json.writeStringProperty("thinking", thought.text());
            json.writeStringProperty("signature", thought.signature());
        } else {
            json.writeStringProperty("type", "redacted_thinking");
            json.writeStringProperty("data", thought.encrypted());
        }
    }

    private void toolCall(ToolCall call, String place) {
        json.writeStringProperty("type", "tool_use");
        json.writeStringProperty("id", call.id());
        json.writeStringProperty("name", call.name());
        json.writeName("input");
        if (!RawJson.writeObject(call.arguments(), json)) {
            throw new IllegalArgumentException(place + " calls the tool " + call.name()
                    + " with arguments that are no JSON object: Anthropic takes nothing else");
        }
    }

    private void toolResult(ToolResult result, String place) {
        json.writeStringProperty("type", "tool_result");
        json.writeStringProperty("tool_use_id", result.callId());
        String text = singleText(result.content());
        if (text != null) {
            json.writeStringProperty("content", text);
        } else if (!result.content().stream().allMatch(PromptWriter::saysNothing)) {
            json.writeArrayPropertyStart("content");
            blocks(result.content(), place);
            json.writeEndArray();
        }
        if (result.failed()) {
            json.writeBooleanProperty("is_error", true);
        }
    }

    /** The text of a part that is alone and not empty; null for anything else. */
    private static @Nullable String singleText(List<Part> parts) {
        return parts.size() == 1
                        && parts.get(0) instanceof Text text
                        && !text.text().isEmpty()
                ? text.text()
                : null;
    }

    /** The cache point behind part {@code at}, before the next block that could carry its mark; null if there is none. */
    private static @Nullable CachePoint pointAfter(List<Part> parts, int at) {
        for (int i = at + 1; i < parts.size(); i++) {
            Part next = parts.get(i);
            if (next instanceof CachePoint point) {
                return point;
            }
            if (!saysNothing(next) && !(next instanceof Reasoning)) {
                return null;
            }
        }
        return null;
    }

    private void mark(@Nullable CachePoint point) {
        boolean isLong = CachePoint.LONG.equals(point);
        if (!isLong && !CachePoint.SHORT.equals(point)) {
            return;
        }
        if (++marks > MOST_MARKS) {
            throw new IllegalArgumentException("the request has more than " + MOST_MARKS
                    + " cache points in messages and tools: Anthropic takes no more");
        }
        json.writeObjectPropertyStart("cache_control");
        json.writeStringProperty("type", "ephemeral");
        if (isLong) {
            json.writeStringProperty("ttl", "1h");
        }
        json.writeEndObject();
    }

    private static void requireSome(int blocks, String place) {
        if (blocks == 0) {
            throw new IllegalArgumentException(place + " is empty: Anthropic takes no message without content");
        }
    }

    private static String place(int message) {
        return "messages[" + message + "]";
    }
}
