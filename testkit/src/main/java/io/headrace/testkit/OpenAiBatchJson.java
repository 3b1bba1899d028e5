package io.headrace.testkit;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/** What OpenAI writes of files and batches. */
final class OpenAiBatchJson {

    private OpenAiBatchJson() {}

    /** @param outcome null before its end */
    static void batch(
            JsonGenerator json, Batch batch, Batch.State state, Batch.@Nullable Outcome outcome, Instant now) {
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

    static String status(Batch.State state) {
        return state.name().toLowerCase(Locale.ROOT);
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
            json.writeNumberProperty(status(state) + "_at", batch.endsAt().getEpochSecond());
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

    static void file(JsonGenerator json, StoredFile file) {
        json.writeStringProperty("id", file.id());
        json.writeStringProperty("object", "file");
        json.writeNumberProperty("bytes", file.length());
        json.writeNumberProperty("created_at", file.createdAt().getEpochSecond());
        json.writeNumberProperty("expires_at", file.createdAt().getEpochSecond() + 30 * 86_400);
        json.writeStringProperty("filename", file.filename());
        json.writeStringProperty("purpose", file.purpose());
        json.writeStringProperty("status", "processed");
    }

    /** The end of a list: which ids it has, and whether there are more. */
    static void ends(JsonGenerator json, List<String> ids, boolean hasMore) {
        if (!ids.isEmpty()) {
            json.writeStringProperty("first_id", ids.get(0));
            json.writeStringProperty("last_id", ids.get(ids.size() - 1));
        }
        json.writeBooleanProperty("has_more", hasMore);
    }

    /** A line of results: see {@link BatchWire#line}. */
    static void line(
            JsonGenerator json,
            String customId,
            BatchWire.Kind kind,
            int status,
            byte @Nullable [] body,
            String requestId) {
        json.writeStartObject();
        json.writeStringProperty("id", "batch_" + requestId);
        json.writeStringProperty("custom_id", customId);
        if (body == null) {
            boolean isExpired = kind == BatchWire.Kind.EXPIRED;
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
}
