package io.headrace.provider.openai;

import io.headrace.model.ChatRequest;
import io.headrace.model.Tool;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The ranges that OpenAI gives for its fields. What a compatible server takes beyond them goes in as an extra field. */
final class Limits {

    private static final int MOST_STOPS = 4;
    private static final int MOST_TOOLS = 128;
    private static final Pattern TOOL_NAME = Pattern.compile("[A-Za-z0-9_-]{1,64}");

    private Limits() {}

    /**
     * @param fewestTokens the least that the API takes as the limit of output tokens
     * @param tokensField its name
     * @throws IllegalArgumentException for a value outside, naming it and its range
     */
    static void check(ChatRequest request, int fewestTokens, String tokensField) {
        atMost(2, request.temperature(), "temperature", "temperature", request);
        atMost(128, request.n(), "n", "n", request);
        atMost(20, request.topLogprobs(), "topLogprobs", "top_logprobs", request);
        atMost(MOST_STOPS, request.stop().size(), "the number of stop texts", "stop", request);
        atMost(MOST_TOOLS, request.tools().size(), "the number of tools", "tools", request);
        Integer tokens = request.maxOutputTokens();
        if (tokens != null && tokens < fewestTokens && !request.extra().containsKey(tokensField)) {
            throw new IllegalArgumentException(
                    "maxOutputTokens is " + tokens + ": it is " + fewestTokens + " at least" + otherwise(tokensField));
        }
        if (!request.extra().containsKey("tools")) {
            request.tools().forEach(Limits::checkName);
        }
    }

    private static void checkName(Tool tool) {
        if (!TOOL_NAME.matcher(tool.name()).matches()) {
            throw new IllegalArgumentException(
                    "a tool is called '" + tool.name() + "': names have 1 to 64 letters, digits, _ and -");
        }
    }

    private static void atMost(int most, @Nullable Number value, String what, String field, ChatRequest request) {
        if (value != null && value.doubleValue() > most && !request.extra().containsKey(field)) {
            throw new IllegalArgumentException(
                    what + " is " + value + ": OpenAI takes at most " + most + otherwise(field));
        }
    }

    private static String otherwise(String field) {
        return "; a server that takes it wants it as the extra field " + field;
    }
}
