package io.headrace.provider.openai;

import io.headrace.provider.http.JsonOperation;
import io.headrace.provider.http.JsonValues;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** {@code GET /models}, and {@code GET /models/{id}} with that id as the request. */
enum ModelOperation implements JsonOperation<String, List<ModelInfo>> {
    LIST,
    ONE;

    /** {@code id} as the end of a path; a slash in it stays one. */
    static String path(String id) {
        try {
            return new URI(null, null, "/" + id, null).getRawPath().substring(1);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("no model can be called " + id, e);
        }
    }

    @Override
    public String about(String id) {
        return id.isEmpty() ? "models" : id;
    }

    @Override
    public List<String> prompts(String id) {
        return List.of();
    }

    @Override
    public void write(String id, JsonGenerator out) {
        // nothing is sent
    }

    @Override
    public @Nullable List<ModelInfo> read(JsonParser in) {
        if (in.nextToken() != JsonToken.START_OBJECT) {
            throw new IllegalArgumentException("the answer is no JSON object");
        }
        return this == ONE ? one(in) : list(in);
    }

    private static @Nullable List<ModelInfo> one(JsonParser in) {
        ModelInfo model = model(in);
        if (model == null) {
            throw new IllegalArgumentException("the answer has no id");
        }
        return List.of(model);
    }

    private static @Nullable List<ModelInfo> list(JsonParser in) {
        List<ModelInfo> models = null;
        boolean hasError = false;
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            if (name.equals("data") && JsonValues.isArray(in)) {
                models = models(in);
            } else if (name.equals("object")) {
                hasError |= JsonValues.is("error", in); // one that is not wrapped
            } else {
                hasError |= name.equals("error") && in.currentToken() != JsonToken.VALUE_NULL;
                in.skipChildren();
            }
        }
        if (models == null && !hasError) {
            throw new IllegalArgumentException("the answer has no data");
        }
        return hasError ? null : models;
    }

    private static List<ModelInfo> models(JsonParser in) {
        List<ModelInfo> models = new ArrayList<>();
        while (in.nextToken() != JsonToken.END_ARRAY) {
            ModelInfo model = JsonValues.isObject(in) ? model(in) : null;
            if (model != null) {
                models.add(model);
            }
        }
        return models;
    }

    private static @Nullable ModelInfo model(JsonParser in) {
        String id = "";
        long created = 0;
        String ownedBy = "";
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "id" -> id = JsonValues.string(in, "");
                case "created" -> created = JsonValues.count(in, 0);
                case "owned_by" -> ownedBy = JsonValues.string(in, "");
                default -> in.skipChildren();
            }
        }
        return id.isEmpty() ? null : new ModelInfo(id, created == 0 ? null : Instant.ofEpochSecond(created), ownedBy);
    }
}
