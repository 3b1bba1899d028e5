package io.headrace.testkit;

import io.headrace.testkit.BatchReply.RefusedException;
import io.netty.handler.codec.http.HttpMethod;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;

/** Anthropic's Message Batches. */
final class AnthropicBatches implements BatchWire {

    static final String BATCHES = "/v1/messages/batches";

    private static final long MAX_REQUESTS = 100_000;
    private static final long MAX_BYTES = 256L << 20;
    private static final int MOST_LISTED = 1_000;
    private static final Pattern CUSTOM_ID = Pattern.compile("[a-zA-Z0-9_-]{1,64}");

    private final BatchStore store;

    AnthropicBatches(BatchStore store) {
        this.store = store;
    }

    @Override
    public Wire wire() {
        return AnthropicWire.INSTANCE;
    }

    @Override
    public String bodyField() {
        return "params";
    }

    @Override
    public boolean hasErrorFile() {
        return false;
    }

    @Override
    public String status(Batch.State state) {
        return state.isEnd() ? "ended" : state == Batch.State.CANCELLING ? "canceling" : "in_progress";
    }

    /** What is asked for, null if nothing is there. */
    @Nullable
    BatchAction at(HttpMethod method, String path) {
        boolean isGet = method.equals(HttpMethod.GET);
        boolean isPost = method.equals(HttpMethod.POST);
        if (path.equals(BATCHES)) {
            return isPost ? BatchAction.upload(this::create) : isGet ? versioned(this::list) : null;
        }
        String[] parts = path.split("/", -1);
        String id = parts[4];
        String rest = parts.length > 5 ? parts[5] : "";
        return switch (rest) {
            case "" -> {
                if (isGet) {
                    yield versioned(asked -> reply(asked, batch(id), store.now()));
                }
                yield method.equals(HttpMethod.DELETE) ? versioned(asked -> delete(id)) : null;
            }
            case "results" -> isGet ? versioned(asked -> results(id)) : null;
            case "cancel" -> isPost ? versioned(asked -> cancel(asked, id)) : null;
            default -> null;
        };
    }

    private static BatchAction versioned(BatchAction.Act act) {
        return BatchAction.of(asked -> {
            requireVersion(asked);
            return act.answer(asked);
        });
    }

    private static void requireVersion(BatchAction.Asked asked) {
        if (asked.headers().get("anthropic-version", "").isBlank()) {
            throw new RefusedException(AnthropicRequest.VERSION_MISSING);
        }
    }

    private BatchReply create(BatchAction.Asked asked) throws IOException {
        requireVersion(asked);
        SimulatedBatches plan = store.plan();
        Path path = Objects.requireNonNull(asked.upload());
        long most = plan.maxBytes > 0 ? plan.maxBytes : MAX_BYTES;
        if (Files.size(path) > most) {
            throw new RefusedException(new Wire.Problem(
                    413, "request_too_large", null, null, "Request exceeds the maximum allowed number of bytes."));
        }
        BatchInput input = BatchInput.ofArray(path, bodyField());
        IdsDigest digest = check(input, plan.maxRequests > 0 ? plan.maxRequests : MAX_REQUESTS);
        long queued = input.size();
        for (Batch open : store.open(this)) {
            queued += open.input.size();
        }
        if (queued > plan.queuedRequests) {
            throw new RefusedException(new Wire.Problem(
                    429,
                    "rate_limit_error",
                    null,
                    null,
                    "This request would exceed the limit of " + plan.queuedRequests
                            + " batch requests in the processing queue."));
        }
        Batch.Draft draft =
                new Batch.Draft(input, digest.hex(), "", "/v1/messages", Map.of(), asked.headers(), "", 0, List.of());
        Batch batch = store.create(this, "msgbatch_", draft, asked.late());
        return BatchReply.of(json -> write(json, asked, batch, Batch.State.VALIDATING));
    }

    private static IdsDigest check(BatchInput input, long most) throws IOException {
        if (input.size() == 0) {
            throw RefusedException.invalid("requests: List should have at least 1 item after validation, not 0");
        }
        if (input.size() > most) {
            throw RefusedException.invalid(
                    "requests: List should have at most " + most + " items after validation, not " + input.size());
        }
        IdsDigest digest = new IdsDigest();
        Set<String> ids = new HashSet<>();
        try (BatchInput.Reading reading = input.open()) {
            for (int i = 0; i < input.size(); i++) {
                BatchEntry entry = entry(reading, i);
                if (entry.body() == null) {
                    throw RefusedException.invalid("requests." + i + ".params: Field required");
                }
                if (!CUSTOM_ID.matcher(entry.customId()).matches()) {
                    throw RefusedException.invalid(
                            "requests." + i + ".custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'");
                }
                if (!ids.add(entry.customId())) {
                    throw RefusedException.invalid("requests." + i + ".custom_id: custom_ids must be unique");
                }
                digest.add(entry.customId());
            }
        }
        return digest;
    }

    private static BatchEntry entry(BatchInput.Reading reading, int index) throws IOException {
        try {
            return reading.entry(index);
        } catch (JacksonException e) {
            throw RefusedException.invalid("requests." + index + ": Input should be a valid dictionary");
        }
    }

    private BatchReply list(BatchAction.Asked asked) {
        int limit = asked.limit(20, MOST_LISTED);
        List<Batch> all = store.batches(this);
        List<String> ids = all.stream().map(batch -> batch.id).toList();
        int after = ids.indexOf(asked.parameter("after_id")) + 1;
        int before = ids.indexOf(asked.parameter("before_id"));
        int to = before < 0 ? Math.min(all.size(), after + limit) : before;
        int from = before < 0 ? after : Math.max(0, before - limit);
        Instant now = store.now();
        return BatchReply.of(json -> {
            json.writeArrayPropertyStart("data");
            for (Batch batch : all.subList(from, to)) {
                json.writeStartObject();
                write(json, asked, batch, batch.state(now));
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeBooleanProperty("has_more", before < 0 ? to < all.size() : from > 0);
            json.writeStringProperty("first_id", from == to ? null : ids.get(from));
            json.writeStringProperty("last_id", from == to ? null : ids.get(to - 1));
        });
    }

    private BatchReply results(String id) {
        Batch batch = batch(id);
        if (!batch.state(store.now()).isEnd()) {
            throw RefusedException.invalid("Message Batch " + id + " has no results yet: it is still processing.");
        }
        StoredFile results = store.outcome(batch).results();
        if (results == null) {
            throw new RefusedException(
                    new Wire.Problem(404, "not_found_error", null, null, "Message Batch " + id + " has no results."));
        }
        return new BatchReply.Content(results, "application/x-jsonl");
    }

    private BatchReply cancel(BatchAction.Asked asked, String id) {
        Batch batch = batch(id);
        Instant now = store.now();
        if (batch.state(now).isEnd()) {
            throw RefusedException.invalid("Message Batch " + id + " cannot be canceled: it has ended.");
        }
        if (batch.cancelledAt == null) {
            batch.cancelledAt = now;
        }
        return BatchReply.of(json -> write(json, asked, batch, Batch.State.CANCELLING));
    }

    private BatchReply delete(String id) {
        Batch batch = batch(id);
        if (!batch.state(store.now()).isEnd()) {
            throw RefusedException.invalid("Message Batch " + id + " cannot be deleted: it is still processing.");
        }
        store.remove(batch);
        return BatchReply.of(json -> {
            json.writeStringProperty("id", id);
            json.writeStringProperty("type", "message_batch_deleted");
        });
    }

    private BatchReply reply(BatchAction.Asked asked, Batch batch, Instant now) {
        return BatchReply.of(json -> write(json, asked, batch, batch.state(now)));
    }

    private Batch batch(String id) {
        Batch batch = store.batch(id);
        if (batch == null || batch.wire != this) {
            throw new RefusedException(
                    new Wire.Problem(404, "not_found_error", null, null, "Message Batch not found: " + id));
        }
        return batch;
    }

    private void write(JsonGenerator json, BatchAction.Asked asked, Batch batch, Batch.State state) {
        Batch.Outcome outcome = state.isEnd() ? store.outcome(batch) : null;
        json.writeStringProperty("id", batch.id);
        json.writeStringProperty("type", "message_batch");
        json.writeStringProperty("processing_status", status(state));
        json.writeObjectPropertyStart("request_counts");
        json.writeNumberProperty("processing", outcome == null ? batch.input.size() : 0);
        json.writeNumberProperty("succeeded", outcome == null ? 0 : outcome.succeeded());
        json.writeNumberProperty("errored", outcome == null ? 0 : outcome.errored());
        json.writeNumberProperty("canceled", outcome == null ? 0 : outcome.cancelled());
        json.writeNumberProperty("expired", outcome == null ? 0 : outcome.expired());
        json.writeEndObject();
        json.writeStringProperty("ended_at", outcome == null ? null : time(batch.endsAt()));
        json.writeStringProperty("created_at", time(batch.createdAt));
        json.writeStringProperty("expires_at", time(batch.expiresAt()));
        json.writeNullProperty("archived_at");
        json.writeStringProperty("cancel_initiated_at", batch.cancelledAt == null ? null : time(batch.cancelledAt));
        String host = batch.plan.resultsHost == null
                ? "http://" + asked.headers().get("host", "localhost")
                : batch.plan.resultsHost;
        json.writeStringProperty(
                "results_url",
                outcome == null || outcome.results() == null ? null : host + BATCHES + "/" + batch.id + "/results");
    }

    private static String time(Instant instant) {
        return instant.truncatedTo(ChronoUnit.MICROS).toString();
    }

    @Override
    public void line(
            JsonGenerator json, String customId, Kind kind, int status, byte @Nullable [] body, String requestId) {
        json.writeStartObject();
        json.writeStringProperty("custom_id", customId);
        json.writeObjectPropertyStart("result");
        json.writeStringProperty(
                "type",
                switch (kind) {
                    case SUCCEEDED -> "succeeded";
                    case ERRORED -> "errored";
                    case EXPIRED -> "expired";
                    case CANCELLED -> "canceled";
                });
        if (body != null) {
            json.writeName(kind == Kind.SUCCEEDED ? "message" : "error");
            json.writeRawValue(new String(body, StandardCharsets.UTF_8));
        }
        json.writeEndObject();
        json.writeEndObject();
    }
}
