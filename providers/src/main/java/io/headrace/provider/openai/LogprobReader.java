package io.headrace.provider.openai;

import io.headrace.model.TokenLogprob;
import io.headrace.provider.http.JsonValues;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Reads the log probabilities of tokens, which have one shape in both chat APIs. */
final class LogprobReader {

    private LogprobReader() {}

    /** Reads an array of tokens; none for any other value. */
    static List<TokenLogprob> read(JsonParser in) {
        List<TokenLogprob> tokens = new ArrayList<>();
        if (!JsonValues.isArray(in)) {
            return tokens;
        }
        while (in.nextToken() != JsonToken.END_ARRAY) {
            if (JsonValues.isObject(in)) {
                tokens.add(token(in));
            }
        }
        return tokens;
    }

    private static TokenLogprob token(JsonParser in) {
        String token = "";
        double logprob = 0;
        List<TokenLogprob> top = List.of();
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "token" -> token = JsonValues.string(in, "");
                case "logprob" -> logprob = JsonValues.number(in, 0);
                case "top_logprobs" -> top = read(in);
                default -> in.skipChildren();
            }
        }
        return new TokenLogprob(token, logprob, top);
    }
}
