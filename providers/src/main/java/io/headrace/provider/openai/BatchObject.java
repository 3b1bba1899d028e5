package io.headrace.provider.openai;

import io.headrace.batch.BatchJob;
import io.headrace.batch.BatchJob.Counts;
import io.headrace.batch.BatchJob.State;
import io.headrace.provider.http.JsonValues;
import java.time.Instant;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** A batch as OpenAI tells of it. For one reading; not thread-safe. */
final class BatchObject {

    /** The name of the tag in the metadata. */
    static final String TAG = "headrace";

    /** What {@link BatchJob#handles} call the files. */
    static final String INPUT = "input";

    static final String OUTPUT = "output";
    static final String ERRORS = "errors";

    private final Map<String, String> files = new HashMap<>();
    private final BatchFaults faults = new BatchFaults();
    private String id = "";
    private String tag = "";
    private String status = "";
    private @Nullable Instant createdAt;
    private @Nullable Instant expiresAt;
    private Counts counts = Counts.NONE;
    private boolean hasError;

    /**
     * Reads the object that {@code in} stands on.
     *
     * @return null if it tells of an error, and of no batch
     * @throws IllegalArgumentException if it has no id or status
     */
    static @Nullable BatchObject read(JsonParser in) {
        if (in.currentToken() != JsonToken.START_OBJECT) {
            throw new IllegalArgumentException("the answer is no JSON object");
        }
        BatchObject batch = new BatchObject();
        batch.fields(in);
        if (batch.id.isEmpty() || batch.status.isEmpty()) {
            if (batch.hasError) {
                return null;
            }
            throw new IllegalArgumentException("the batch lacks id or status");
        }
        return batch;
    }

    String id() {
        return id;
    }

    private void fields(JsonParser in) {
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            JsonToken value = in.nextToken();
            switch (name) {
                case "id" -> id = JsonValues.string(in, "");
                case "status" -> status = JsonValues.string(in, "").toLowerCase(Locale.ROOT);
                case "created_at" -> createdAt = JsonValues.epochSecond(in);
                case "expires_at" -> expiresAt = JsonValues.epochSecond(in);
                case "input_file_id" -> file(INPUT, in);
                case "output_file_id" -> file(OUTPUT, in);
                case "error_file_id" -> file(ERRORS, in);
                case "request_counts" -> counts(in);
                case "metadata" -> tag = JsonValues.stringIn(in, TAG);
                case "errors" -> faults.read(in);
                case "error" -> {
                    hasError |= value != JsonToken.VALUE_NULL;
                    faults.readOne(in);
                }
                default -> in.skipChildren();
            }
        }
    }

    private void file(String handle, JsonParser in) {
        String file = JsonValues.string(in, "");
        if (!file.isEmpty()) {
            files.put(handle, file);
        }
    }

    private void counts(JsonParser in) {
        if (!JsonValues.isObject(in)) {
            return;
        }
        long total = 0;
        long completed = 0;
        long failed = 0;
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "total" -> total = JsonValues.count(in, 0);
                case "completed" -> completed = JsonValues.count(in, 0);
                case "failed" -> failed = JsonValues.count(in, 0);
                default -> in.skipChildren();
            }
        }
        counts = new Counts(total, completed, failed);
    }

    /**
     * @param words makes the provider's words fit for an exception
     */
    BatchJob job(UnaryOperator<String> words) {
        State state = state();
        return new BatchJob(
                id,
                tag,
                state,
                createdAt,
                expiresAt,
                counts,
                state == State.FAILED ? faults.problem(id, words) : null,
                files);
    }

    /**
     * A status that is yet to come counts as running: whoever waits asks again. One that has results did not fail as a whole, whatever a
     * gateway says.
     */
    private State state() {
        return switch (status) {
            case "cancelling", "canceling" -> State.CANCELLING;
            case "completed" -> State.COMPLETED;
            case "failed" -> files.containsKey(OUTPUT) ? State.COMPLETED : State.FAILED;
            case "expired" -> State.EXPIRED;
            case "cancelled", "canceled" -> State.CANCELLED;
            default -> State.RUNNING;
        };
    }
}
