package io.headrace.provider.http;

import io.headrace.ApiException;
import io.headrace.batch.BatchResult;
import org.jspecify.annotations.Nullable;
import reactor.util.context.ContextView;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * A line of the results of a batch: a JSON object that says by {@code custom_id} whose result it is. For one reading; not
 * thread-safe.
 *
 * @param <R> the answer
 */
public abstract class ResultLine<R> {

    private final BodyLine line;
    private final String place;
    private final StoredAnswers<R> answers;
    private final ContextView context;
    private String customId = "";

    /**
     * @param place where the line stands, for messages
     * @param context of the call that the line came by, whose key no message shows
     */
    protected ResultLine(BodyLine line, String place, StoredAnswers<R> answers, ContextView context) {
        this.line = line;
        this.place = place;
        this.answers = answers;
        this.context = context;
    }

    /** What the line says; {@link BatchResult.Unreadable} for one that says nothing that can be understood. Once only. */
    public final BatchResult<R> read() {
        if (line.isTooLong()) {
            return unreadable("is longer than maxBodyBytes of the transport");
        }
        try (JsonParser in = JsonValues.parser(line.bytes())) {
            fields(in);
        } catch (JacksonException e) {
            return unreadable(Json.fault(e));
        }
        if (customId.isEmpty()) {
            return unreadable("has no custom_id");
        }
        try {
            return result(customId);
        } catch (ApiException e) {
            return new BatchResult.Errored<>(customId, e);
        }
    }

    private void fields(JsonParser in) {
        if (in.nextToken() != JsonToken.START_OBJECT) {
            return;
        }
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            if (name.equals("custom_id")) {
                customId = JsonValues.string(in, "");
            } else {
                field(name, in);
            }
        }
    }

    /** Reads or skips the value of a field, at whose first token {@code in} stands. */
    protected abstract void field(String name, JsonParser in);

    /**
     * What all the fields say.
     *
     * @throws ApiException if they tell of an error
     */
    protected abstract BatchResult<R> result(String customId);

    /** The JSON of the value at which {@code in}, the parser of the line, stands. */
    protected final byte[] raw(JsonParser in) {
        return JsonValues.raw(in, line.bytes());
    }

    /** The answer in {@code json}, see {@link StoredAnswers#read}. */
    protected final BatchResult<R> answered(int status, @Nullable String requestId, byte[] json) {
        return new BatchResult.Answered<>(
                customId, answers.read(context, "batch request " + customId, status, requestId, json));
    }

    /** The result of a line of which {@code problem} is to be said. */
    protected final BatchResult<R> unreadable(String problem) {
        return new BatchResult.Unreadable<>(
                customId.isEmpty() ? null : customId, "line " + line.number() + " of " + place + " " + problem);
    }
}
