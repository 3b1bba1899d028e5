package io.headrace.provider.openai;

import io.headrace.model.EmbeddingRequest;
import io.headrace.model.EmbeddingResponse;
import io.headrace.provider.http.JsonFields;
import io.headrace.provider.http.JsonOperation;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;

/** {@code POST /embeddings}. Asks for vectors in Base64, which is half as long as numbers, and reads both. */
record Embeddings() implements JsonOperation<EmbeddingRequest, EmbeddingResponse> {

    /** Most inputs of one request, at OpenAI and at Azure. */
    private static final int MAX_INPUTS = 2_048;

    /** How many inputs the request sends: several texts, or several texts in tokens; one text in tokens is an array of numbers. */
    static long count(EmbeddingRequest request) {
        Object overruled = request.extra().get("input");
        if (overruled == null) {
            return request.inputs().size();
        }
        return overruled instanceof Collection<?> inputs && inputs.stream().noneMatch(Number.class::isInstance)
                ? inputs.size()
                : 1;
    }

    @Override
    public String about(EmbeddingRequest request) {
        return request.model();
    }

    @Override
    public List<String> prompts(EmbeddingRequest request) {
        return request.inputs();
    }

    @Override
    public void write(EmbeddingRequest request, JsonGenerator json) {
        if (request.inputs().size() > MAX_INPUTS) {
            throw new IllegalArgumentException("inputs: " + request.inputs().size() + ", and one request takes at most "
                    + MAX_INPUTS + "; send them in several");
        }
        JsonFields out = JsonFields.begin(json, request.extra());
        out.string("model", request.model());
        out.strings("input", request.inputs());
        out.number("dimensions", request.dimensions());
        out.string("encoding_format", "base64");
        out.end();
    }

    @Override
    public @Nullable EmbeddingResponse read(JsonParser in) {
        return new EmbeddingReader(in).read();
    }

    @Override
    public @Nullable EmbeddingResponse read(EmbeddingRequest request, JsonParser in) {
        EmbeddingResponse answer = read(in);
        if (answer == null) {
            return null;
        }
        long asked = count(request);
        if (answer.vectors().size() != asked) {
            throw new IllegalArgumentException("the answer has "
                    + answer.vectors().size() + " vectors for " + asked + (asked == 1 ? " input" : " inputs"));
        }
        Integer length = request.dimensions();
        if (length != null && answer.vector().length != length) {
            throw new IllegalArgumentException("the vectors have " + answer.vector().length + " numbers, not " + length
                    + " as asked for: the server ignores dimensions");
        }
        return answer;
    }

    @Override
    public EmbeddingResponse withRequestId(EmbeddingResponse answer, String requestId) {
        return answer.withRequestId(requestId);
    }
}
