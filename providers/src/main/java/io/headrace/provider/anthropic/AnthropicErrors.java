package io.headrace.provider.anthropic;

import io.headrace.ErrorKind;
import io.headrace.provider.http.ErrorBody;
import io.headrace.provider.http.ErrorRules;
import io.headrace.provider.http.Verdict;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What Anthropic means by its errors. */
final class AnthropicErrors {

    static final ErrorRules RULES = AnthropicErrors::judge;

    private static final Set<String> SPENT = Set.of("enforced_spend_limit_reached", "contract_spend_limit_reached");

    private AnthropicErrors() {}

    private static @Nullable Verdict judge(int status, ErrorBody body) {
        // an error in a stream or in a batch's results has no status of its own
        int told = status < 300 ? statusOf(body.type()) : status;
        if (SPENT.contains(body.detailCode()) || (told == 400 && tellsOfMoney(body.message()))) {
            return Verdict.refusedForGood(ErrorKind.QUOTA_EXHAUSTED);
        }
        return Verdict.ofStatus(told);
    }

    /** An empty balance and a limit set by the user come as ordinary invalid requests: only the words tell. */
    private static boolean tellsOfMoney(String message) {
        return message.contains("credit balance is too low")
                || message.contains("usage limits")
                || message.contains("spend limit");
    }

    /** The status that belongs to an error within a success; an unknown one counts as sent with unknown outcome. */
    private static int statusOf(String type) {
        return switch (type) {
            case "invalid_request_error" -> 400;
            case "authentication_error" -> 401;
            case "billing_error" -> 402;
            case "permission_error" -> 403;
            case "not_found_error" -> 404;
            case "conflict_error" -> 409;
            case "request_too_large" -> 413;
            case "rate_limit_error" -> 429;
            case "timeout_error" -> 504;
            case "overloaded_error" -> 529;
            default -> 502;
        };
    }
}
