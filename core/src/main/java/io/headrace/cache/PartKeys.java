package io.headrace.cache;

import io.headrace.model.Media;
import io.headrace.model.Part;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The parts of a message in canonical form: each an object of what it holds and its kind, cache points left out. */
final class PartKeys {

    private PartKeys() {}

    /** The one part beside cache points; null if there are more. */
    static @Nullable Part onlyPart(List<Part> parts) {
        Part only = null;
        for (Part part : parts) {
            if (part instanceof Part.CachePoint) {
                continue;
            } else if (only != null) {
                return null;
            }
            only = part;
        }
        return only;
    }

    static void write(List<Part> parts, CanonicalJson json) {
        json.beginArray();
        for (Part part : parts) {
            if (!(part instanceof Part.CachePoint)) {
                json.beginObject();
                write(part, json);
                json.endObject();
            }
        }
        json.endArray();
    }

    private static void write(Part part, CanonicalJson json) {
        if (part instanceof Part.Text text) {
            json.name("kind").text("text");
            json.name("text").text(text.text());
        } else if (part instanceof Part.Image image) {
            if (image.detail() != null) {
                json.name("detail").text(image.detail());
            }
            json.name("kind").text("image");
            write(image.source(), json);
        } else if (part instanceof Part.Document document) {
            json.name("kind").text("document");
            if (document.name() != null) {
                json.name("name").text(document.name());
            }
            write(document.source(), json);
        } else if (part instanceof Part.Reasoning thought) {
            json.name("encrypted").text(thought.encrypted());
            json.name("id").text(thought.id());
            json.name("kind").text("reasoning");
            json.name("signature").text(thought.signature());
            json.name("text").text(thought.text());
        } else if (part instanceof Part.Refusal refusal) {
            json.name("kind").text("refusal");
            json.name("text").text(refusal.text());
        } else if (part instanceof Part.ToolCall call) {
            json.name("arguments").text(call.arguments());
            json.name("id").text(call.id());
            json.name("kind").text("toolCall");
            json.name("name").text(call.name());
        } else if (part instanceof Part.ToolResult result) {
            json.name("callId").text(result.callId());
            write(result.content(), json.name("content"));
            json.name("failed").value(result.failed());
            json.name("kind").text("toolResult");
        }
    }

    private static void write(Media media, CanonicalJson json) {
        json.name("source").beginObject();
        if (media instanceof Media.Data data) {
            json.name("mediaType").text(data.mediaType());
            json.name("sha256")
                    .text(HexFormat.of().formatHex(CallKeyBuilder.sha256().digest(data.bytes())));
        } else if (media instanceof Media.Url url) {
            json.name("url").text(url.url());
        }
        json.endObject();
    }
}
