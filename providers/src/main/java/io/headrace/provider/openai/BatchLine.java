package io.headrace.provider.openai;

import io.headrace.batch.BatchResult;
import io.headrace.provider.http.BodyLine;
import io.headrace.provider.http.JsonValues;
import io.headrace.provider.http.ResultLine;
import io.headrace.provider.http.StoredAnswers;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import reactor.util.context.ContextView;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** A line of an output or error file. For one reading; not thread-safe. */
final class BatchLine<R> extends ResultLine<R> {

    private int status = 200;
    private @Nullable String requestId;
    private byte @Nullable [] body;
    private byte @Nullable [] error;
    private String errorCode = "";

    /**
     * @param file where the line stands, for messages
     */
    BatchLine(BodyLine line, String file, StoredAnswers<R> answers, ContextView context) {
        super(line, file, answers, context);
    }

    @Override
    protected void field(String name, JsonParser in) {
        if (name.equals("response")) {
            response(in);
        } else if (name.equals("error") && isError(in)) {
            error(in);
        } else {
            in.skipChildren();
        }
    }

    /** An object, or the words alone. */
    private static boolean isError(JsonParser in) {
        return in.currentToken() == JsonToken.START_OBJECT
                || (in.currentToken() == JsonToken.VALUE_STRING
                        && !in.getString().isEmpty());
    }

    private void response(JsonParser in) {
        if (!JsonValues.isObject(in)) {
            return;
        }
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            JsonToken value = in.nextToken();
            switch (name) {
                case "status_code" -> status = (int) Math.min(JsonValues.count(in, 200), 999);
                case "request_id" -> requestId = JsonValues.stringOrNull(in);
                case "body" -> {
                    if (value == JsonToken.VALUE_NULL) {
                        in.skipChildren();
                    } else {
                        body = raw(in);
                    }
                }
                default -> in.skipChildren();
            }
        }
    }

    private void error(JsonParser in) {
        byte[] raw = raw(in);
        error = raw;
        try (JsonParser inner = JsonValues.parser(raw)) {
            if (inner.nextToken() != JsonToken.START_OBJECT) {
                return;
            }
            for (String name = inner.nextName(); name != null; name = inner.nextName()) {
                inner.nextToken();
                if (name.equals("code")) {
                    errorCode = JsonValues.string(inner, "");
                } else {
                    inner.skipChildren();
                }
            }
        }
    }

    @Override
    protected BatchResult<R> result(String customId) {
        if (errorCode.equals("batch_expired")) {
            return new BatchResult.Expired<>(customId);
        }
        if (errorCode.equals("batch_cancelled")) {
            return new BatchResult.Cancelled<>(customId);
        }
        if (body != null) { // whatever else a gateway says: it was paid
            return answered(status, requestId, body);
        }
        return error == null
                ? unreadable("has neither a response nor an error")
                : answered(0, requestId, asBody(error));
    }

    /** As an error stands in the body of an online call. */
    private static byte[] asBody(byte[] error) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.writeBytes("{\"error\":".getBytes(StandardCharsets.US_ASCII));
        body.writeBytes(error);
        body.write('}');
        return body.toByteArray();
    }
}
