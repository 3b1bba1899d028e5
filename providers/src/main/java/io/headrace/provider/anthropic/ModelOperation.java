package io.headrace.provider.anthropic;

import io.headrace.provider.http.JsonOperation;
import io.headrace.provider.http.JsonValues;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** {@code GET /v1/models}, with the id that it begins after as the request, and {@code GET /v1/models/{id}}. */
enum ModelOperation implements JsonOperation<String, ModelPage> {
    LIST,
    ONE;

    /** {@code id} as a part of a path or a query. */
    static String encoded(String id) {
        return URLEncoder.encode(id, StandardCharsets.UTF_8).replace("+", "%20");
    }

    @Override
    public String about(String id) {
        return this == ONE ? id : "models";
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
    public @Nullable ModelPage read(JsonParser in) {
        return read("", in);
    }

    @Override
    public @Nullable ModelPage read(String after, JsonParser in) {
        if (in.nextToken() != JsonToken.START_OBJECT) {
            throw new IllegalArgumentException("the answer is no JSON object");
        }
        return this == ONE ? one(in) : list(after, in);
    }

    private static ModelPage one(JsonParser in) {
        ModelInfo model = model(in);
        if (model == null) {
            throw new IllegalArgumentException("the answer has no id");
        }
        return new ModelPage(List.of(model), "");
    }

    private static @Nullable ModelPage list(String after, JsonParser in) {
        List<ModelInfo> models = null;
        boolean hasMore = false;
        String last = "";
        boolean hasError = false;
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            JsonToken value = in.nextToken();
            switch (name) {
                case "data" -> models = models(in);
                case "has_more" -> {
                    hasMore = value == JsonToken.VALUE_TRUE;
                    in.skipChildren();
                }
                case "last_id" -> last = JsonValues.string(in, "");
                default -> {
                    hasError |= name.equals("error") && value != JsonToken.VALUE_NULL;
                    in.skipChildren();
                }
            }
        }
        if (hasError) {
            return null;
        }
        if (models == null) {
            throw new IllegalArgumentException("the answer has no data");
        }
        // a page that ends where it began would be asked for again and again
        return new ModelPage(models, hasMore && !last.equals(after) ? last : "");
    }

    private static @Nullable List<ModelInfo> models(JsonParser in) {
        if (!JsonValues.isArray(in)) {
            return null;
        }
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
        String displayName = "";
        String created = "";
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "id" -> id = JsonValues.string(in, "");
                case "display_name" -> displayName = JsonValues.string(in, "");
                case "created_at" -> created = JsonValues.string(in, "");
                default -> in.skipChildren();
            }
        }
        return id.isEmpty() ? null : new ModelInfo(id, displayName, instant(created));
    }

    private static @Nullable Instant instant(String time) {
        try {
            return OffsetDateTime.parse(time).toInstant();
        } catch (DateTimeException e) {
            return null;
        }
    }
}
