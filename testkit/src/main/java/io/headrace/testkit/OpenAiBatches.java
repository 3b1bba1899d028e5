package io.headrace.testkit;

import io.headrace.testkit.BatchReply.RefusedException;
import io.netty.handler.codec.http.HttpMethod;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;

/** OpenAI's files and batches. */
final class OpenAiBatches implements BatchWire {

    static final String FILES = "/v1/files";
    static final String BATCHES = "/v1/batches";

    private static final long MAX_BYTES = 200L << 20;
    private static final Set<String> ENDPOINTS = Set.of("/v1/chat/completions", "/v1/responses", "/v1/embeddings");

    private final BatchStore store;

    OpenAiBatches(BatchStore store) {
        this.store = store;
    }

    @Override
    public Wire wire() {
        return OpenAiWire.INSTANCE;
    }

    @Override
    public String bodyField() {
        return "body";
    }

    @Override
    public boolean hasErrorFile() {
        return true;
    }

    @Override
    public String status(Batch.State state) {
        return OpenAiBatchJson.status(state);
    }

    /** What is asked for, null if nothing is there. */
    @Nullable
    BatchAction at(HttpMethod method, String path) {
        boolean isGet = method.equals(HttpMethod.GET);
        boolean isPost = method.equals(HttpMethod.POST);
        if (path.equals(FILES)) {
            return isPost ? BatchAction.upload(this::upload) : isGet ? BatchAction.of(this::files) : null;
        }
        if (path.equals(BATCHES)) {
            return isPost ? BatchAction.of(this::create) : isGet ? BatchAction.of(this::list) : null;
        }
        String[] parts = path.split("/", -1);
        String id = parts.length > 3 ? parts[3] : "";
        String rest = parts.length > 4 ? parts[4] : "";
        if (path.startsWith(FILES)) {
            if (isGet && rest.equals("content")) {
                return BatchAction.of(asked -> new BatchReply.Content(file(id), "application/octet-stream"));
            }
            return !rest.isEmpty()
                    ? null
                    : isGet
                            ? BatchAction.of(asked -> BatchReply.of(json -> OpenAiBatchJson.file(json, file(id))))
                            : method.equals(HttpMethod.DELETE) ? BatchAction.of(asked -> delete(id)) : null;
        }
        if (rest.isEmpty()) {
            return isGet ? BatchAction.of(asked -> reply(batch(id))) : null;
        }
        return isPost && rest.equals("cancel") ? BatchAction.of(asked -> cancel(id)) : null;
    }

    private BatchReply upload(BatchAction.Asked asked) throws IOException {
        Path path = Objects.requireNonNull(asked.upload());
        String purpose = "";
        MultipartForm.Part file = null;
        try {
            for (MultipartForm.Part part :
                    MultipartForm.read(path, asked.headers().get("content-type", ""))) {
                if (part.name().equals("purpose")) {
                    purpose = part.text();
                } else if (part.name().equals("file")) {
                    file = part;
                }
            }
        } catch (IllegalArgumentException e) {
            throw RefusedException.invalid("We could not parse your multipart form: " + e.getMessage());
        }
        if (file == null) {
            throw missing("file");
        }
        if (purpose.isEmpty()) {
            throw missing("purpose");
        }
        if (purpose.equals("batch") && file.length() > maxBytes()) {
            throw new RefusedException(new Wire.Problem(
                    413,
                    "invalid_request_error",
                    null,
                    "file",
                    "The file is too large: " + file.length() + " bytes, a batch file has at most " + maxBytes()));
        }
        StoredFile stored = store.add(file.filename(), purpose, path, file.offset(), file.length());
        return BatchReply.of(json -> OpenAiBatchJson.file(json, stored));
    }

    private BatchReply files(BatchAction.Asked asked) {
        String purpose = asked.parameter("purpose");
        List<StoredFile> all = new ArrayList<>();
        for (StoredFile file : store.files()) {
            if (purpose.isEmpty() || file.purpose().equals(purpose)) {
                all.add(asked.parameter("order").equals("asc") ? all.size() : 0, file);
            }
        }
        String after = asked.parameter("after");
        List<String> ids = all.stream().map(StoredFile::id).toList();
        int from = after.isEmpty() ? 0 : ids.indexOf(after) + 1;
        int to = Math.min(all.size(), from + asked.limit(10_000, 10_000));
        return BatchReply.of(json -> {
            json.writeStringProperty("object", "list");
            json.writeArrayPropertyStart("data");
            all.subList(from, to).forEach(file -> {
                json.writeStartObject();
                OpenAiBatchJson.file(json, file);
                json.writeEndObject();
            });
            json.writeEndArray();
            OpenAiBatchJson.ends(json, ids.subList(from, to), to < all.size());
        });
    }

    private BatchReply delete(String id) {
        store.delete(file(id));
        return BatchReply.of(json -> {
            json.writeStringProperty("id", id);
            json.writeStringProperty("object", "file");
            json.writeBooleanProperty("deleted", true);
        });
    }

    private BatchReply create(BatchAction.Asked asked) throws IOException {
        JsonNode body = Json.object(Json.parser(asked.body()));
        String inputId = required(body, "input_file_id");
        String endpoint = required(body, "endpoint");
        String window = required(body, "completion_window");
        StoredFile input = store.file(inputId);
        if (input == null || !input.purpose().equals("batch")) {
            throw new RefusedException(new Wire.Problem(
                    400, "invalid_request_error", null, "input_file_id", "No such File object: " + inputId));
        }
        if (!ENDPOINTS.contains(endpoint)) {
            throw new RefusedException(OpenAiWire.badValue(
                    "endpoint",
                    "Invalid value: '" + endpoint + "'. Supported values are: "
                            + String.join(", ", ENDPOINTS.stream().sorted().toList()) + "."));
        }
        if (!window.equals("24h")) {
            throw new RefusedException(OpenAiWire.badValue(
                    "completion_window", "Invalid value: '" + window + "'. Supported values are: '24h'."));
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        body.path("metadata")
                .properties()
                .forEach(each -> metadata.put(each.getKey(), each.getValue().asString("")));
        if (metadata.size() > 16) {
            throw new RefusedException(OpenAiWire.badValue("metadata", "Too many properties: at most 16 are allowed."));
        }
        Batch.Draft draft = new OpenAiBatchCheck(this, store, endpoint, asked).draft(input, metadata);
        Batch batch = store.create(this, "batch_", draft, asked.late());
        return BatchReply.of(json -> write(json, batch, Batch.State.VALIDATING, batch.createdAt));
    }

    private BatchReply list(BatchAction.Asked asked) {
        List<Batch> all = store.batches(this);
        List<String> ids = all.stream().map(batch -> batch.id).toList();
        String after = asked.parameter("after");
        int from = after.isEmpty() ? 0 : ids.indexOf(after) + 1;
        int to = Math.min(all.size(), from + asked.limit(20, 100));
        Instant now = store.now();
        return BatchReply.of(json -> {
            json.writeStringProperty("object", "list");
            json.writeArrayPropertyStart("data");
            all.subList(from, to).forEach(batch -> {
                json.writeStartObject();
                write(json, batch, batch.state(now), now);
                json.writeEndObject();
            });
            json.writeEndArray();
            OpenAiBatchJson.ends(json, ids.subList(from, to), to < all.size());
        });
    }

    private BatchReply cancel(String id) {
        Batch batch = batch(id);
        Instant now = store.now();
        Batch.State state = batch.state(now);
        if (state.isEnd()) {
            throw new RefusedException(new Wire.Problem(
                    409,
                    "invalid_request_error",
                    null,
                    null,
                    "Cannot cancel a batch with status '" + status(state) + "'."));
        }
        if (batch.cancelledAt == null) {
            batch.cancelledAt = now;
        }
        return BatchReply.of(json -> write(json, batch, Batch.State.CANCELLING, now));
    }

    @Override
    public void line(
            JsonGenerator json, String customId, Kind kind, int status, byte @Nullable [] body, String requestId) {
        OpenAiBatchJson.line(json, customId, kind, status, body, requestId);
    }

    private void write(JsonGenerator json, Batch batch, Batch.State state, Instant now) {
        OpenAiBatchJson.batch(json, batch, state, state.isEnd() ? store.outcome(batch) : null, now);
    }

    private BatchReply reply(Batch batch) {
        Instant now = store.now();
        return BatchReply.of(json -> write(json, batch, batch.state(now), now));
    }

    private Batch batch(String id) {
        Batch batch = store.batch(id);
        if (batch == null || batch.wire != this) {
            throw new RefusedException(
                    new Wire.Problem(404, "invalid_request_error", null, null, "No batch found with id '" + id + "'."));
        }
        return batch;
    }

    private StoredFile file(String id) {
        StoredFile file = store.file(id);
        if (file == null) {
            throw new RefusedException(
                    new Wire.Problem(404, "invalid_request_error", null, "id", "No such File object: " + id));
        }
        return file;
    }

    private long maxBytes() {
        long set = store.plan().maxBytes;
        return set > 0 ? set : MAX_BYTES;
    }

    private static String required(JsonNode body, String field) {
        String value = body.path(field).asString("");
        if (value.isEmpty()) {
            throw missing(field);
        }
        return value;
    }

    private static RefusedException missing(String field) {
        return new RefusedException(new Wire.Problem(
                400,
                "invalid_request_error",
                "missing_required_parameter",
                field,
                "Missing required parameter: '" + field + "'."));
    }
}
