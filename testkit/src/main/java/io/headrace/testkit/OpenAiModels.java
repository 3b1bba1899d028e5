package io.headrace.testkit;

import io.netty.handler.codec.http.QueryStringDecoder;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/**
 * OpenAI's list of models, and single ones.
 *
 * @param model empty for the list
 */
record OpenAiModels(String model) implements Question {

    static final String PATH = "/v1/models";

    /** When they all were made: 2024-05-13. */
    private static final long CREATED = 1_715_558_400;

    private static final List<String> SHOWN =
            List.of("gpt-4o", "gpt-4o-mini", "gpt-5", "text-embedding-3-large", "text-embedding-3-small");

    static OpenAiModels read(String uri) {
        String path = new QueryStringDecoder(uri).rawPath();
        boolean isList = path.equals(PATH);
        return new OpenAiModels(
                isList ? "" : URLDecoder.decode(path.substring(PATH.length() + 1), StandardCharsets.UTF_8));
    }

    @Override
    public Wire.@Nullable Problem problem() {
        return null;
    }

    @Override
    public Content answer(Occasion occasion) {
        return Content.whole(Json.write(model.isEmpty() ? json -> list(json, occasion) : json -> one(json, model)));
    }

    private static void list(JsonGenerator json, Occasion occasion) {
        json.writeStartObject();
        json.writeStringProperty("object", "list");
        json.writeArrayPropertyStart("data");
        new TreeSet<>(occasion.models().isEmpty() ? SHOWN : occasion.models()).forEach(model -> one(json, model));
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void one(JsonGenerator json, String model) {
        json.writeStartObject();
        json.writeStringProperty("id", model);
        json.writeStringProperty("object", "model");
        json.writeNumberProperty("created", CREATED);
        json.writeStringProperty("owned_by", "simulated");
        json.writeEndObject();
    }
}
