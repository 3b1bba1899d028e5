package io.headrace.testkit;

import io.headrace.testkit.BatchReply.RefusedException;
import io.netty.handler.codec.http.HttpMethod;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;

/** OpenAI's files and batches. */
final class OpenAiBatches implements BatchWire {

    static final String FILES = "/v1/files";
    static final String BATCHES = "/v1/batches";

    private static final long MAX_LINES = 50_000;
    private static final long MAX_BYTES = 200L << 20;
    private static final int MOST_FAULTS = 100;
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
        return state.name().toLowerCase(Locale.ROOT);
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
                            ? BatchAction.of(asked -> BatchReply.of(json -> write(json, file(id))))
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
        return BatchReply.of(json -> write(json, stored));
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
                write(json, file);
                json.writeEndObject();
            });
            json.writeEndArray();
            ends(json, ids.subList(from, to), to < all.size());
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
        Batch.Draft draft = draft(input, endpoint, metadata, asked);
        Batch batch = store.create(this, "batch_", draft, asked.late());
        return BatchReply.of(json -> write(json, batch, Batch.State.VALIDATING, batch.createdAt));
    }

    private Batch.Draft draft(StoredFile file, String endpoint, Map<String, String> metadata, BatchAction.Asked asked)
            throws IOException {
        BatchInput input = BatchInput.ofLines(file.path(), file.offset(), file.length(), bodyField());
        Check check = new Check(endpoint, asked);
        try (BatchInput.Reading reading = input.open()) {
            for (int i = 0; i < input.size(); i++) {
                try {
                    check.line(reading.entry(i), i + 1);
                } catch (JacksonException e) {
                    check.fault("invalid_json_line", "This line is not parseable as valid JSON.", null, i + 1);
                }
            }
        }
        check.whole(input.size());
        return new Batch.Draft(
                input,
                check.digest.hex(),
                file.id(),
                endpoint,
                metadata,
                asked.headers(),
                check.model,
                check.tokens,
                List.copyOf(check.faults));
    }

    /** What is wrong with a file. */
    private final class Check {

        private final String endpoint;
        private final BatchAction.Asked asked;
        private final SimulatedBatches plan = store.plan();
        private final boolean countsTokens = plan.enqueuedTokens < Long.MAX_VALUE;
        private final Set<String> ids = new HashSet<>();
        private final List<Batch.Fault> faults = new ArrayList<>();
        private final IdsDigest digest = new IdsDigest();
        private String model = "";
        private long tokens;
        private long inputs;

        Check(String endpoint, BatchAction.Asked asked) {
            this.endpoint = endpoint;
            this.asked = asked;
        }

        void fault(String code, String message, @Nullable String param, int line) {
            if (faults.size() < MOST_FAULTS) {
                faults.add(new Batch.Fault(code, message, param, line));
            }
        }

        void line(BatchEntry entry, int line) {
            digest.add(entry.customId());
            inputs += entry.inputs();
            if (entry.customId().isEmpty()) {
                fault("missing_required_parameter", "Missing required parameter: 'custom_id'.", "custom_id", line);
            } else if (!ids.add(entry.customId())) {
                fault("duplicate_custom_id", "The custom_id of this line has been used before.", "custom_id", line);
            }
            if (!entry.method().equals("POST")) {
                fault("invalid_method", "The method must be POST.", "method", line);
            }
            if (!entry.url().equals(endpoint)) {
                fault("invalid_url", "The URL of this line does not match the endpoint of the batch.", "url", line);
            }
            byte[] body = entry.body();
            if (body == null) {
                fault("missing_required_parameter", "Missing required parameter: 'body'.", "body", line);
                return;
            }
            if (line == 1) {
                model = entry.model();
            } else if (!entry.model().equals(model)) {
                fault("mismatched_model", "All lines of a batch must have the same model.", "body.model", line);
            }
            if (countsTokens) {
                Demand demand = Objects.requireNonNull(Endpoint.at(endpoint, asked.headers()))
                        .reading()
                        .read(endpoint, asked.headers(), body)
                        .demand(new PromptCache());
                tokens += demand == null ? 0 : demand.input();
            }
        }

        void whole(int lines) {
            long most = plan.maxRequests > 0 ? plan.maxRequests : MAX_LINES;
            if (lines == 0) {
                fault(
                        "empty_file",
                        "The input file is empty. Please ensure that the batch contains requests.",
                        null,
                        0);
            }
            if (lines > most) {
                fault(
                        "too_many_tasks",
                        "The batch has " + lines + " requests, at most " + most + " are allowed.",
                        null,
                        0);
            } else if (endpoint.equals("/v1/embeddings") && inputs > most) {
                fault(
                        "too_many_inputs",
                        "The batch has " + inputs + " inputs, at most " + most + " are allowed.",
                        null,
                        0);
            }
            long enqueued = tokens;
            for (Batch open : store.open(OpenAiBatches.this)) {
                enqueued += open.model.equals(model) && open.faults.isEmpty() ? open.tokens : 0;
            }
            if (enqueued > plan.enqueuedTokens) {
                fault(
                        "token_limit_exceeded",
                        "Enqueued token limit reached for " + model + " in organization org-simulated. Limit: "
                                + plan.enqueuedTokens
                                + " enqueued tokens. Please try again once some in_progress batches have been completed.",
                        null,
                        0);
            }
            if (plan.failureCode != null) {
                fault(plan.failureCode, plan.failureMessage, null, 0);
            }
        }
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
            ends(json, ids.subList(from, to), to < all.size());
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

    private void write(JsonGenerator json, Batch batch, Batch.State state, Instant now) {
        Batch.Outcome outcome = state.isEnd() ? store.outcome(batch) : null;
        json.writeStringProperty("id", batch.id);
        json.writeStringProperty("object", "batch");
        json.writeStringProperty("endpoint", batch.path);
        json.writeStringProperty("model", ModelNames.dated(batch.model));
        if (state == Batch.State.FAILED) {
            errors(json, batch.faults);
        }
        json.writeStringProperty("input_file_id", batch.inputFile);
        json.writeStringProperty("completion_window", "24h");
        json.writeStringProperty("status", status(state));
        if (outcome != null && outcome.results() != null) {
            json.writeStringProperty("output_file_id", outcome.results().id());
        }
        if (outcome != null && outcome.errors() != null) {
            json.writeStringProperty("error_file_id", outcome.errors().id());
        }
        stamps(json, batch, state, now);
        json.writeObjectPropertyStart("request_counts");
        boolean counts = state != Batch.State.VALIDATING && state != Batch.State.FAILED;
        json.writeNumberProperty("total", counts ? batch.input.size() : 0);
        json.writeNumberProperty("completed", outcome == null ? counts ? batch.done(now) : 0 : outcome.succeeded());
        json.writeNumberProperty(
                "failed", outcome == null ? 0 : outcome.errored() + outcome.expired() + outcome.cancelled());
        json.writeEndObject();
        if (outcome != null) {
            usage(json, outcome);
        }
        json.writeObjectPropertyStart("metadata");
        batch.metadata.forEach(json::writeStringProperty);
        json.writeEndObject();
    }

    private static void errors(JsonGenerator json, List<Batch.Fault> faults) {
        json.writeObjectPropertyStart("errors");
        json.writeStringProperty("object", "list");
        json.writeArrayPropertyStart("data");
        for (Batch.Fault fault : faults) {
            json.writeStartObject();
            json.writeStringProperty("code", fault.code());
            json.writeStringProperty("message", fault.message());
            json.writeStringProperty("param", fault.param());
            if (fault.line() > 0) {
                json.writeNumberProperty("line", fault.line());
            } else {
                json.writeNullProperty("line");
            }
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void stamps(JsonGenerator json, Batch batch, Batch.State state, Instant now) {
        json.writeNumberProperty("created_at", batch.createdAt.getEpochSecond());
        json.writeNumberProperty("expires_at", batch.expiresAt().getEpochSecond());
        boolean began = batch.faults.isEmpty() && !now.isBefore(batch.startsAt()) && state != Batch.State.VALIDATING;
        if (began) {
            json.writeNumberProperty("in_progress_at", batch.startsAt().getEpochSecond());
        }
        if (state == Batch.State.FINALIZING || state == Batch.State.COMPLETED) {
            json.writeNumberProperty("finalizing_at", batch.finalizesAt().getEpochSecond());
        }
        if (batch.cancelledAt != null) {
            json.writeNumberProperty("cancelling_at", batch.cancelledAt.getEpochSecond());
        }
        if (state.isEnd()) {
            json.writeNumberProperty(
                    state.name().toLowerCase(Locale.ROOT) + "_at",
                    batch.endsAt().getEpochSecond());
        }
    }

    private static void usage(JsonGenerator json, Batch.Outcome outcome) {
        json.writeObjectPropertyStart("usage");
        json.writeNumberProperty("input_tokens", outcome.inputTokens());
        json.writeObjectPropertyStart("input_tokens_details");
        json.writeNumberProperty("cached_tokens", 0);
        json.writeEndObject();
        json.writeNumberProperty("output_tokens", outcome.outputTokens());
        json.writeObjectPropertyStart("output_tokens_details");
        json.writeNumberProperty("reasoning_tokens", 0);
        json.writeEndObject();
        json.writeNumberProperty("total_tokens", outcome.inputTokens() + outcome.outputTokens());
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, StoredFile file) {
        json.writeStringProperty("id", file.id());
        json.writeStringProperty("object", "file");
        json.writeNumberProperty("bytes", file.length());
        json.writeNumberProperty("created_at", file.createdAt().getEpochSecond());
        json.writeNumberProperty("expires_at", file.createdAt().getEpochSecond() + 30 * 86_400);
        json.writeStringProperty("filename", file.filename());
        json.writeStringProperty("purpose", file.purpose());
        json.writeStringProperty("status", "processed");
    }

    private static void ends(JsonGenerator json, List<String> ids, boolean hasMore) {
        if (!ids.isEmpty()) {
            json.writeStringProperty("first_id", ids.get(0));
            json.writeStringProperty("last_id", ids.get(ids.size() - 1));
        }
        json.writeBooleanProperty("has_more", hasMore);
    }

    @Override
    public void line(
            JsonGenerator json, String customId, Kind kind, int status, byte @Nullable [] body, String requestId) {
        json.writeStartObject();
        json.writeStringProperty("id", "batch_" + requestId);
        json.writeStringProperty("custom_id", customId);
        if (body == null) {
            boolean isExpired = kind == Kind.EXPIRED;
            json.writeNullProperty("response");
            json.writeObjectPropertyStart("error");
            json.writeStringProperty("code", isExpired ? "batch_expired" : "batch_cancelled");
            json.writeStringProperty(
                    "message",
                    isExpired
                            ? "This request could not be executed before the completion window expired."
                            : "This request was not executed because the batch was cancelled.");
            json.writeEndObject();
        } else {
            json.writeObjectPropertyStart("response");
            json.writeNumberProperty("status_code", status);
            json.writeStringProperty("request_id", requestId);
            json.writeName("body");
            json.writeRawValue(new String(body, StandardCharsets.UTF_8));
            json.writeEndObject();
            json.writeNullProperty("error");
        }
        json.writeEndObject();
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
