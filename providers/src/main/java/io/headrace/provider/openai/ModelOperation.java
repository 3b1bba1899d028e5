package io.headrace.provider.openai;

import io.headrace.provider.http.IdOperation;
import io.headrace.provider.http.JsonValues;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** {@code GET /models} and {@code GET /models/{id}}. */
final class ModelOperation {

    static final IdOperation<List<ModelInfo>> LIST = new IdOperation<>(id -> "models", ModelOperation::list);
    static final IdOperation<ModelInfo> ONE =
            new IdOperation<>(id -> id.isEmpty() ? "models" : id, ModelOperation::one);

    private ModelOperation() {}

    /** {@code id} as the end of a path; a slash in it stays one. */
    static String path(String id) {
        try {
            return new URI(null, null, "/" + id, null).getRawPath().substring(1);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("no model can be called " + id, e);
        }
    }

    private static ModelInfo one(JsonParser in) {
        ModelInfo model = model(in);
        if (model == null) {
            throw new IllegalArgumentException("the answer has no id");
        }
        return model;
    }

    private static @Nullable List<ModelInfo> list(JsonParser in) {
        List<ModelInfo> models = null;
        boolean hasError = false;
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            if (name.equals("data")) {
                models = JsonValues.objects(in, ModelOperation::model);
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
