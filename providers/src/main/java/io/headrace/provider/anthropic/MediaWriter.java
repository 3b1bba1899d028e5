package io.headrace.provider.anthropic;

import io.headrace.model.Media;
import io.headrace.model.Part.Document;
import io.headrace.model.Part.Image;
import java.nio.charset.StandardCharsets;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/** Writes the fields of image and document blocks, and refuses what Anthropic cannot read. */
final class MediaWriter {

    private static final List<String> IMAGES = List.of("image/jpeg", "image/png", "image/gif", "image/webp");

    private final JsonGenerator json;

    MediaWriter(JsonGenerator json) {
        this.json = json;
    }

    void image(Image image, String place) {
        if (image.detail() != null) {
            throw new IllegalArgumentException(place + " has an image with a detail: Anthropic has none");
        }
        json.writeStringProperty("type", "image");
        if (image.source() instanceof Media.Data data) {
            requireType(IMAGES.contains(data.mediaType()), data, "images of " + IMAGES, place);
        }
        source(image.source());
    }

    void document(Document document, String place) {
        json.writeStringProperty("type", "document");
        if (document.source() instanceof Media.Data data) {
            boolean isText = data.mediaType().equals("text/plain");
            requireType(
                    isText || data.mediaType().equals("application/pdf"),
                    data,
                    "documents of application/pdf and text/plain",
                    place);
            if (isText) {
                source("text", data.mediaType(), new String(data.bytes(), StandardCharsets.UTF_8));
            } else {
                source(data);
            }
        } else {
            source(document.source());
        }
        if (document.name() != null && !document.name().isEmpty()) {
            json.writeStringProperty("title", document.name());
        }
    }

    private void source(Media media) {
        if (media instanceof Media.Data data) {
            source("base64", data.mediaType(), data.base64());
        } else if (media instanceof Media.Url url) {
            json.writeObjectPropertyStart("source");
            json.writeStringProperty("type", "url");
            json.writeStringProperty("url", url.url());
            json.writeEndObject();
        }
    }

    private void source(String type, String mediaType, String data) {
        json.writeObjectPropertyStart("source");
        json.writeStringProperty("type", type);
        json.writeStringProperty("media_type", mediaType);
        json.writeStringProperty("data", data);
        json.writeEndObject();
    }

    private static void requireType(boolean isTaken, Media.Data data, String taken, String place) {
        if (!isTaken) {
            throw new IllegalArgumentException(
                    place + " holds " + data.mediaType() + ": Anthropic takes " + taken + " only");
        }
    }
}
