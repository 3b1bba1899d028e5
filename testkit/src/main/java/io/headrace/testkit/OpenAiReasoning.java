package io.headrace.testkit;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What OpenAI's reasoning models refuse that others take. */
final class OpenAiReasoning {

    /** From o1 and gpt-5 on, but for those that are named for chats. */
    private static final Pattern MODELS = Pattern.compile("(o\\d|gpt-([5-9]|\\d\\d))(?!.*-chat).*");

    private OpenAiReasoning() {}

    /**
     * What is wrong with a request to a reasoning model; null if nothing is, and for any other model. With the effort {@code none} a model
     * does not reason and is sampled like others.
     */
    static Wire.@Nullable Problem chatProblem(ChatBody body) {
        if (!MODELS.matcher(body.model()).matches()) {
            return null;
        }
        if (body.hasOldLimit) {
            return unsupported("unsupported_parameter", "max_tokens", " Use 'max_completion_tokens' instead.");
        }
        if (!body.stop.isEmpty()) {
            return unsupported("unsupported_parameter", "stop", "");
        }
        ChatBody.Sampling sampling = body.unusualSampling;
        if (sampling == null || body.effort.equals("none")) {
            return null;
        }
        return problem(
                "unsupported_value",
                sampling.field(),
                "Unsupported value: '" + sampling.field() + "' does not support " + sampling.value()
                        + " with this model. Only the default (1) value is supported.");
    }

    /** The same for Responses, which takes not even the default. */
    static Wire.@Nullable Problem responseProblem(ChatBody body) {
        String sampling = body.sampling;
        return sampling == null
                        || body.effort.equals("none")
                        || !MODELS.matcher(body.model()).matches()
                ? null
                : unsupported(null, sampling, "");
    }

    private static Wire.Problem unsupported(@Nullable String code, String field, String advice) {
        return problem(
                code, field, "Unsupported parameter: '" + field + "' is not supported with this model." + advice);
    }

    private static Wire.Problem problem(@Nullable String code, String field, String message) {
        return new Wire.Problem(400, "invalid_request_error", code, field, message);
    }
}
