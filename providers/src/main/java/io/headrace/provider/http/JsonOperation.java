package io.headrace.provider.http;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;

/**
 * One operation of one provider on the wire: how a request is written and an answer is read. Stateless and thread-safe;
 * writing the same request twice gives the same bytes.
 *
 * @param <Q> the request
 * @param <R> the answer
 */
public interface JsonOperation<Q, R> {

    /** What the request is about, for error messages: the model. */
    String about(Q request);

    /** The texts of the request that no error message may repeat. */
    List<String> prompts(Q request);

    /**
     * Writes the request as one JSON value, or nothing, to ask by {@code GET}.
     *
     * @throws IllegalArgumentException for what this provider cannot do, naming the field; nothing is sent then
     */
    void write(Q request, JsonGenerator out);

    /**
     * Reads an answer of HTTP status 200, from the first token on. Unknown fields are skipped.
     *
     * @return the answer, or null if the body tells of an error instead
     * @throws IllegalArgumentException if the JSON lacks what the protocol promises, naming it
     */
    @Nullable
    R read(JsonParser in);

    /** Reads an answer as {@link #read(JsonParser)} does, which this calls by default, held against its request. */
    default @Nullable R read(Q request, JsonParser in) {
        return read(in);
    }

    /** {@code answer} with the provider's id of the request, which comes in a header. By default nothing is made of it. */
    default R withRequestId(R answer, String requestId) {
        return answer;
    }
}
