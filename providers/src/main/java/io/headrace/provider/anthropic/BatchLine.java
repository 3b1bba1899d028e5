package io.headrace.provider.anthropic;

import io.headrace.ApiException;
import io.headrace.batch.BatchResult;
import io.headrace.provider.http.BodyLine;
import io.headrace.provider.http.JsonValues;
import io.headrace.provider.http.StoredAnswers;
import org.jspecify.annotations.Nullable;
import reactor.util.context.ContextView;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** A line of the results of a batch. For one reading; not thread-safe. */
final class BatchLine {

    private final byte[] json;
    private String customId = "";
    private String type = "";
    private byte @Nullable [] message;
    private byte @Nullable [] error;

    private BatchLine(byte[] json) {
        this.json = json;
    }

    /**
     * @param batch whose line it is, for messages
     */
    static <R> BatchResult<R> read(BodyLine line, String batch, StoredAnswers<R> answers, ContextView context) {
        String where = "line " + line.number() + " of the results of " + batch;
        if (line.isTooLong()) {
            return new BatchResult.Unreadable<>(null, where + " is longer than maxBodyBytes of the transport");
        }
        BatchLine read = new BatchLine(line.bytes());
        try (JsonParser in = JsonValues.parser(line.bytes())) {
            read.fields(in);
        } catch (JacksonException e) {
            return read.unreadable(
                    where + " is not whole JSON, at byte " + e.getLocation().getByteOffset());
        }
        return read.customId.isEmpty()
                ? read.unreadable(where + " has no custom_id")
                : read.result(where, answers, context);
    }

    private <R> BatchResult<R> result(String where, StoredAnswers<R> answers, ContextView context) {
        String about = "batch request " + customId;
        try {
            return switch (type) {
                case "expired" -> new BatchResult.Expired<>(customId);
                case "canceled" -> new BatchResult.Cancelled<>(customId);
                case "succeeded" ->
                    message == null
                            ? unreadable(where + " succeeded, and has no message")
                            : new BatchResult.Answered<>(customId, answers.read(context, about, 200, null, message));
                case "errored" ->
                    error == null
                            ? unreadable(where + " tells of an error, and has none")
                            : new BatchResult.Answered<>(customId, answers.read(context, about, 0, null, error));
                default -> unreadable(where + " has a result of no known type");
            };
        } catch (ApiException e) {
            return new BatchResult.Errored<>(customId, e);
        }
    }

    private <R> BatchResult<R> unreadable(String problem) {
        return new BatchResult.Unreadable<>(customId.isEmpty() ? null : customId, problem);
    }

    private void fields(JsonParser in) {
        if (in.nextToken() != JsonToken.START_OBJECT) {
            return;
        }
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "custom_id" -> customId = JsonValues.string(in, "");
                case "result" -> result(in);
                default -> in.skipChildren();
            }
        }
    }

    private void result(JsonParser in) {
        if (!JsonValues.isObject(in)) {
            return;
        }
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "type" -> type = JsonValues.string(in, "");
                case "message" -> message = JsonValues.raw(in, json);
                case "error" -> error = JsonValues.raw(in, json);
                default -> in.skipChildren();
            }
        }
    }
}
