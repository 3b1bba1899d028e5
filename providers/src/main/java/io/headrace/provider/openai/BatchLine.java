package io.headrace.provider.openai;

import io.headrace.ApiException;
import io.headrace.batch.BatchResult;
import io.headrace.provider.http.BodyLine;
import io.headrace.provider.http.JsonValues;
import io.headrace.provider.http.StoredAnswers;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import reactor.util.context.ContextView;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** A line of an output or error file. For one reading; not thread-safe. */
final class BatchLine {

    private final byte[] json;
    private String customId = "";
    private int status = 200;
    private @Nullable String requestId;
    private byte @Nullable [] body;
    private byte @Nullable [] error;
    private String errorCode = "";

    private BatchLine(byte[] json) {
        this.json = json;
    }

    /**
     * @param file where the line stands, for messages
     */
    static <R> BatchResult<R> read(BodyLine line, String file, StoredAnswers<R> answers, ContextView context) {
        String where = "line " + line.number() + " of " + file;
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
        if (errorCode.equals("batch_expired")) {
            return new BatchResult.Expired<>(customId);
        }
        if (errorCode.equals("batch_cancelled")) {
            return new BatchResult.Cancelled<>(customId);
        }
        String about = "batch request " + customId;
        try {
            if (error != null) {
                return new BatchResult.Answered<>(customId, answers.read(context, about, 0, requestId, asBody(error)));
            }
            return body == null
                    ? unreadable(where + " has neither a response nor an error")
                    : new BatchResult.Answered<>(customId, answers.read(context, about, status, requestId, body));
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
            JsonToken value = in.nextToken();
            switch (name) {
                case "custom_id" -> customId = JsonValues.string(in, "");
                case "response" -> response(in);
                case "error" -> {
                    if (value == JsonToken.START_OBJECT) {
                        error(in);
                    } else {
                        in.skipChildren();
                    }
                }
                default -> in.skipChildren();
            }
        }
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
                        body = JsonValues.raw(in, json);
                    }
                }
                default -> in.skipChildren();
            }
        }
    }

    private void error(JsonParser in) {
        byte[] raw = JsonValues.raw(in, json);
        error = raw;
        try (JsonParser inner = JsonValues.parser(raw)) {
            inner.nextToken();
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

    /** As an error stands in the body of an online call. */
    private static byte[] asBody(byte[] error) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.writeBytes("{\"error\":".getBytes(StandardCharsets.US_ASCII));
        body.writeBytes(error);
        body.write('}');
        return body.toByteArray();
    }
}
