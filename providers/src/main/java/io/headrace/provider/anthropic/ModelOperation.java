package io.headrace.provider.anthropic;

import io.headrace.provider.http.IdOperation;
import io.headrace.provider.http.JsonValues;
import io.headrace.provider.http.Page;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;

/** {@code GET /v1/models} and {@code GET /v1/models/{id}}. */
final class ModelOperation {

    static final IdOperation<ModelInfo> ONE = new IdOperation<>(id -> id, ModelOperation::one);

    private ModelOperation() {}

    /**
     * A page of the list of models.
     *
     * @param after the id that it begins after
     */
    static IdOperation<Page<ModelInfo>> list(String after) {
        return new IdOperation<>(id -> "models", in -> Page.read(after, in, ModelOperation::model, ModelInfo::id));
    }

    /** {@code id} as a part of a path or a query. */
    static String encoded(String id) {
        return URLEncoder.encode(id, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private static ModelInfo one(JsonParser in) {
        ModelInfo model = model(in);
        if (model == null) {
            throw new IllegalArgumentException("the answer has no id");
        }
        return model;
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
        return id.isEmpty() ? null : new ModelInfo(id, displayName, JsonValues.instant(created));
    }
}
