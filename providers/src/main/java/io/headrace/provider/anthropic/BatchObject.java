package io.headrace.provider.anthropic;

import io.headrace.batch.BatchJob;
import io.headrace.batch.BatchJob.Counts;
import io.headrace.batch.BatchJob.State;
import io.headrace.provider.http.JsonValues;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** A batch as Anthropic tells of it. For one reading; not thread-safe. */
final class BatchObject {

    /** What {@link BatchJob#handles} calls the address of the results. */
    static final String RESULTS = "results";

    private String id = "";
    private String status = "";
    private @Nullable Instant createdAt;
    private @Nullable Instant expiresAt;
    private String resultsUrl = "";
    private long processing;
    private long succeeded;
    private long errored;
    private long cancelled;
    private long expired;
    private boolean hasError;

    private BatchObject() {}

    /**
     * Reads the object that {@code in} stands on.
     *
     * @return null if it tells of an error
     * @throws IllegalArgumentException if it has no id or status
     */
    static @Nullable BatchJob read(JsonParser in) {
        BatchObject batch = new BatchObject();
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            JsonToken value = in.nextToken();
            switch (name) {
                case "id" -> batch.id = JsonValues.string(in, "");
                case "processing_status" -> batch.status = JsonValues.string(in, "");
                case "created_at" -> batch.createdAt = JsonValues.instant(JsonValues.string(in, ""));
                case "expires_at" -> batch.expiresAt = JsonValues.instant(JsonValues.string(in, ""));
                case "results_url" -> batch.resultsUrl = JsonValues.string(in, "");
                case "request_counts" -> batch.counts(in);
                case "error" -> {
                    batch.hasError |= value != JsonToken.VALUE_NULL;
                    in.skipChildren();
                }
                default -> in.skipChildren();
            }
        }
        return batch.hasError ? null : batch.job();
    }

    private void counts(JsonParser in) {
        if (!JsonValues.isObject(in)) {
            return;
        }
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            long count = JsonValues.count(in, 0);
            switch (name) {
                case "processing" -> processing = count;
                case "succeeded" -> succeeded = count;
                case "errored" -> errored = count;
                case "canceled" -> cancelled = count;
                case "expired" -> expired = count;
                default -> {
                    // a kind that is yet to come
                }
            }
        }
    }

    private BatchJob job() {
        if (id.isEmpty() || status.isEmpty()) {
            throw new IllegalArgumentException("the batch lacks id or processing_status");
        }
        long failed = errored + cancelled + expired;
        return new BatchJob(
                id,
                "",
                state(),
                createdAt,
                expiresAt,
                new Counts(processing + succeeded + failed, succeeded, failed),
                null,
                resultsUrl.isEmpty() ? Map.of() : Map.of(RESULTS, resultsUrl));
    }

    /** Anthropic knows one end only; how it came about shows in what became of the requests. */
    private State state() {
        return switch (status) {
            case "canceling" -> State.CANCELLING;
            case "ended" -> expired > 0 ? State.EXPIRED : cancelled > 0 ? State.CANCELLED : State.COMPLETED;
            default -> State.RUNNING;
        };
    }
}
