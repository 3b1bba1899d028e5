package io.headrace.provider.anthropic;

import io.headrace.model.Part;
import io.headrace.model.Part.Reasoning;
import io.headrace.model.Part.Text;
import io.headrace.model.Part.ToolCall;
import io.headrace.provider.http.JsonValues;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;

/**
 * One block of an answer as it stands on the wire, whole or as a stream begins it. What its type does not have is empty.
 *
 * @param text of a text, the thoughts of thinking, the data of redacted thinking
 * @param input of a tool call, as JSON
 */
record Block(String type, String text, String signature, String id, String name, String input) {

    /** Reads the object that {@code in} stands on. */
    static Block read(JsonParser in) {
        String type = "";
        String text = "";
        String thinking = "";
        String data = "";
        String signature = "";
        String id = "";
        String name = "";
        String input = "";
        for (String field = in.nextName(); field != null; field = in.nextName()) {
            in.nextToken();
            switch (field) {
                case "type" -> type = JsonValues.string(in, "");
                case "text" -> text = JsonValues.string(in, "");
                case "thinking" -> thinking = JsonValues.string(in, "");
                case "signature" -> signature = JsonValues.string(in, "");
                case "data" -> data = JsonValues.string(in, "");
                case "id" -> id = JsonValues.string(in, "");
                case "name" -> name = JsonValues.string(in, "");
                case "input" -> input = JsonValues.text(in);
                default -> in.skipChildren();
            }
        }
        String said = type.equals("thinking") ? thinking : type.equals("redacted_thinking") ? data : text;
        return new Block(type, said, signature, id, name, input);
    }

    /** The part of an answer that this block is; null where it says nothing, and for types that are yet to come. */
    @Nullable
    Part part() {
        return switch (type) {
            case "text" -> text.isEmpty() ? null : new Text(text);
            case "thinking" -> text.isEmpty() && signature.isEmpty() ? null : new Reasoning("", text, signature, "");
            case "redacted_thinking" -> text.isEmpty() ? null : new Reasoning("", "", "", text);
            case "tool_use" -> new ToolCall(id, name, input.isEmpty() ? RawJson.EMPTY_OBJECT : input);
            default -> null;
        };
    }
}
