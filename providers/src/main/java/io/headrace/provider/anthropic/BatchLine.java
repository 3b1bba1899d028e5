package io.headrace.provider.anthropic;

import io.headrace.batch.BatchResult;
import io.headrace.provider.http.BodyLine;
import io.headrace.provider.http.JsonValues;
import io.headrace.provider.http.ResultLine;
import io.headrace.provider.http.StoredAnswers;
import org.jspecify.annotations.Nullable;
import reactor.util.context.ContextView;
import tools.jackson.core.JsonParser;

/** A line of the results of a batch. For one reading; not thread-safe. */
final class BatchLine<R> extends ResultLine<R> {

    private String type = "";
    private byte @Nullable [] message;
    private byte @Nullable [] error;

    /**
     * @param batch whose line it is, for messages
     */
    BatchLine(BodyLine line, String batch, StoredAnswers<R> answers, ContextView context) {
        super(line, "the results of " + batch, answers, context);
    }

    @Override
    protected void field(String name, JsonParser in) {
        if (name.equals("result")) {
            outcome(in);
        } else {
            in.skipChildren();
        }
    }

    private void outcome(JsonParser in) {
        if (!JsonValues.isObject(in)) {
            return;
        }
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "type" -> type = JsonValues.string(in, "");
                case "message" -> message = raw(in);
                case "error" -> error = raw(in);
                default -> in.skipChildren();
            }
        }
    }

    @Override
    protected BatchResult<R> result(String customId) {
        return switch (type) {
            case "expired" -> new BatchResult.Expired<>(customId);
            case "canceled" -> new BatchResult.Cancelled<>(customId);
            case "succeeded" ->
                message == null ? unreadable("succeeded, and has no message") : answered(200, null, message);
            case "errored" -> error == null ? unreadable("tells of an error, and has none") : answered(0, null, error);
            default -> unreadable("has a result of no known type");
        };
    }
}
