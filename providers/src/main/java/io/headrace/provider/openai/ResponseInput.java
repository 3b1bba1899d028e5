package io.headrace.provider.openai;

import io.headrace.model.Media;
import io.headrace.model.Message;
import io.headrace.model.Part;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/**
 * Writes a conversation as the input items of Responses. Reasoning goes back where it came encrypted, which alone the API can go on
 * from; other reasoning and cache points are left out.
 */
final class ResponseInput {

    private final JsonGenerator json;

    ResponseInput(JsonGenerator json) {
        this.json = json;
    }

    void write(List<Message> messages) {
        json.writeStartArray();
        for (Message message : messages) {
            switch (message.role()) {
                case SYSTEM -> message("system", message.parts());
                case USER -> message("user", message.parts());
                case ASSISTANT -> message.parts().forEach(this::said);
                case TOOL -> message.parts().forEach(this::result);
            }
        }
        json.writeEndArray();
    }

    private void message(String role, List<Part> parts) {
        json.writeStartObject();
        json.writeStringProperty("role", role);
        json.writeName("content");
        content(parts);
        json.writeEndObject();
    }

    /** What the model said is an item for each part, in the order in which it said it. */
    private void said(Part part) {
        if (part instanceof Part.Text || part instanceof Part.Refusal) {
            json.writeStartObject();
            json.writeStringProperty("role", "assistant");
            json.writeStringProperty(
                    "content", part instanceof Part.Text text ? text.text() : ((Part.Refusal) part).text());
            json.writeEndObject();
        } else if (part instanceof Part.ToolCall call) {
            begin("function_call");
            json.writeStringProperty("call_id", call.id());
            json.writeStringProperty("name", call.name());
            json.writeStringProperty("arguments", call.arguments());
            json.writeEndObject();
        } else if (part instanceof Part.Reasoning thought
                && !thought.encrypted().isEmpty()) {
            begin("reasoning");
            json.writeStringProperty("id", thought.id());
            json.writeArrayPropertyStart("summary");
            if (!thought.text().isEmpty()) {
                begin("summary_text");
                json.writeStringProperty("text", thought.text());
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeStringProperty("encrypted_content", thought.encrypted());
            json.writeEndObject();
        }
    }

    private void result(Part part) {
        if (part instanceof Part.ToolResult result) {
            begin("function_call_output");
            json.writeStringProperty("call_id", result.callId());
            json.writeName("output");
            content(result.content());
            json.writeEndObject();
        }
    }

    private void content(List<Part> parts) {
        if (parts.stream().allMatch(part -> part instanceof Part.Text || part instanceof Part.CachePoint)) {
            json.writeString(ChatMessages.text(parts));
            return;
        }
        json.writeStartArray();
        for (Part part : parts) {
            if (part instanceof Part.Text text) {
                begin("input_text");
                json.writeStringProperty("text", text.text());
                json.writeEndObject();
            } else if (part instanceof Part.Image image) {
                begin("input_image");
                json.writeStringProperty("image_url", ChatMessages.url(image.source()));
                json.writeStringProperty("detail", image.detail() == null ? "auto" : image.detail());
                json.writeEndObject();
            } else if (part instanceof Part.Document document) {
                document(document);
            }
        }
        json.writeEndArray();
    }

    private void document(Part.Document document) {
        begin("input_file");
        if (document.source() instanceof Media.Data data) {
            json.writeStringProperty("filename", ChatMessages.fileName(document, data));
            json.writeStringProperty("file_data", data.dataUrl());
        } else {
            if (document.name() != null) {
                json.writeStringProperty("filename", document.name());
            }
            json.writeStringProperty("file_url", ChatMessages.url(document.source()));
        }
        json.writeEndObject();
    }

    private void begin(String type) {
        json.writeStartObject();
        json.writeStringProperty("type", type);
    }
}
