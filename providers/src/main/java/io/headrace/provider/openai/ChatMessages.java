package io.headrace.provider.openai;

import io.headrace.model.Media;
import io.headrace.model.Message;
import io.headrace.model.Part;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/** Writes a conversation as Chat Completions takes it. Reasoning and cache points have no place there and are left out. */
final class ChatMessages {

    private final JsonGenerator json;

    ChatMessages(JsonGenerator json) {
        this.json = json;
    }

    void write(List<Message> messages) {
        json.writeStartArray();
        for (Message message : messages) {
            switch (message.role()) {
                case SYSTEM -> simple("system", message);
                case USER -> simple("user", message);
                case ASSISTANT -> assistant(message);
                case TOOL -> results(message);
            }
        }
        json.writeEndArray();
    }

    private void simple(String role, Message message) {
        json.writeStartObject();
        json.writeStringProperty("role", role);
        json.writeName("content");
        content(message.parts());
        json.writeEndObject();
    }

    private void assistant(Message message) {
        json.writeStartObject();
        json.writeStringProperty("role", "assistant");
        String text = message.text();
        List<Part.ToolCall> calls = only(Part.ToolCall.class, message.parts());
        List<Part.Refusal> refusals = only(Part.Refusal.class, message.parts());
        boolean isSilent = text.isEmpty() && (!calls.isEmpty() || !refusals.isEmpty());
        json.writeStringProperty("content", isSilent ? null : text);
        if (!refusals.isEmpty()) {
            json.writeStringProperty("refusal", refusals.get(0).text());
        }
        if (!calls.isEmpty()) {
            json.writeArrayPropertyStart("tool_calls");
            calls.forEach(this::call);
            json.writeEndArray();
        }
        json.writeEndObject();
    }

    private void call(Part.ToolCall call) {
        json.writeStartObject();
        json.writeStringProperty("id", call.id());
        json.writeStringProperty("type", "function");
        json.writeObjectPropertyStart("function");
        json.writeStringProperty("name", call.name());
        json.writeStringProperty("arguments", call.arguments());
        json.writeEndObject();
        json.writeEndObject();
    }

    /** Each result is a message of its own. */
    private void results(Message message) {
        for (Part.ToolResult result : only(Part.ToolResult.class, message.parts())) {
            for (Part part : result.content()) {
                if (!(part instanceof Part.Text)) {
                    throw new IllegalArgumentException("a tool's result holds a "
                            + part.getClass().getSimpleName()
                            + ": OpenAI's Chat Completions takes text there, Responses takes more");
                }
            }
            json.writeStartObject();
            json.writeStringProperty("role", "tool");
            json.writeStringProperty("tool_call_id", result.callId());
            json.writeStringProperty("content", result.text());
            json.writeEndObject();
        }
    }

    /** One string where there are only texts, as every compatible server understands it. */
    private void content(List<Part> parts) {
        if (isText(parts)) {
            json.writeString(text(parts));
            return;
        }
        json.writeStartArray();
        for (Part part : parts) {
            if (part instanceof Part.Text text) {
                begin("text");
                json.writeStringProperty("text", text.text());
                json.writeEndObject();
            } else if (part instanceof Part.Image image) {
                begin("image_url");
                json.writeObjectPropertyStart("image_url");
                json.writeStringProperty("url", url(image.source()));
                if (image.detail() != null) {
                    json.writeStringProperty("detail", image.detail());
                }
                json.writeEndObject();
                json.writeEndObject();
            } else if (part instanceof Part.Document document) {
                document(document);
            }
        }
        json.writeEndArray();
    }

    private void document(Part.Document document) {
        if (!(document.source() instanceof Media.Data data)) {
            throw new IllegalArgumentException("messages hold a Document at a URL: OpenAI's Chat Completions takes its"
                    + " bytes only, Responses takes URLs");
        }
        begin("file");
        json.writeObjectPropertyStart("file");
        json.writeStringProperty("filename", fileName(document, data));
        json.writeStringProperty("file_data", data.dataUrl());
        json.writeEndObject();
        json.writeEndObject();
    }

    private void begin(String type) {
        json.writeStartObject();
        json.writeStringProperty("type", type);
    }

    static String url(Media source) {
        return source instanceof Media.Data data ? data.dataUrl() : ((Media.Url) source).url();
    }

    /** A file must have a name; what is behind its dot tells the kind. */
    static String fileName(Part.Document document, Media.Data data) {
        if (document.name() != null) {
            return document.name();
        }
        String subtype = data.mediaType().substring(data.mediaType().indexOf('/') + 1);
        return "document." + (subtype.equals("plain") ? "txt" : subtype);
    }

    static String text(List<Part> parts) {
        if (parts.size() == 1 && parts.get(0) instanceof Part.Text only) {
            return only.text();
        }
        StringBuilder joined = new StringBuilder();
        for (Part.Text text : only(Part.Text.class, parts)) {
            joined.append(text.text());
        }
        return joined.toString();
    }

    private static boolean isText(List<Part> parts) {
        for (Part part : parts) {
            if (!(part instanceof Part.Text || part instanceof Part.CachePoint)) {
                return false;
            }
        }
        return true;
    }

    static <T extends Part> List<T> only(Class<T> kind, List<Part> parts) {
        return parts.stream().filter(kind::isInstance).map(kind::cast).toList();
    }
}
