package io.headrace.provider.openai;

import io.headrace.ErrorKind;
import io.headrace.provider.http.BaseUrl;
import io.headrace.provider.http.ErrorBody;
import io.headrace.provider.http.ErrorRules;
import io.headrace.provider.http.Verdict;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What OpenAI and the servers that speak its API mean by their errors. */
final class OpenAiErrors implements ErrorRules {

    private static final Set<String> USED_UP = Set.of(
            "insufficient_quota",
            "credit_balance_exhausted",
            "organization_spend_limit_exceeded",
            "project_spend_limit_exceeded",
            "organization_usage_limit_exceeded",
            "billing_hard_limit_reached",
            "billing_not_active");

    private static final Set<String> FILTERED = Set.of(
            "content_filter",
            "content_policy_violation",
            "image_content_policy_violation",
            "bio_policy",
            "ResponsibleAIPolicyViolation");

    /** What a status of 400 says where there is one. */
    private static final Set<String> WRONG = Set.of(
            "invalid_request_error",
            "BadRequestError",
            "exceed_context_size_error",
            "not_supported_error",
            "context_length_exceeded",
            "unsupported_value",
            "unsupported_parameter",
            "invalid_value",
            "invalid_prompt",
            "data_residency_mismatch",
            "invalid_image",
            "invalid_image_format",
            "invalid_base64_image",
            "invalid_image_url",
            "invalid_image_mode",
            "image_too_large",
            "image_too_small",
            "image_parse_error",
            "image_file_too_large",
            "image_file_not_found",
            "unsupported_image_media_type",
            "empty_image_file",
            "failed_to_download_image");

    /** The end of a base URL with a version, of which {@code /v1} is the usual one. */
    private static final Pattern VERSIONED = Pattern.compile("/v\\d[^/]*$");

    private final BaseUrl baseUrl;

    OpenAiErrors(BaseUrl baseUrl) {
        this.baseUrl = baseUrl;
    }

    /** A path that is not there, rather than a model, is most often a base URL without its version. */
    @Override
    public String hint(int status, ErrorBody body) {
        String url = baseUrl.identity();
        boolean saysModel =
                (body.message() + body.code()).toLowerCase(Locale.ROOT).contains("model");
        return status != 404 || saysModel || VERSIONED.matcher(url).find()
                ? ""
                : "the base URL " + url + " ends without a version, most servers want " + url + "/v1";
    }

    @Override
    public @Nullable Verdict judge(int status, ErrorBody body) {
        if (isUsedUp(body)) {
            return Verdict.refusedForGood(ErrorKind.QUOTA_EXHAUSTED);
        }
        int told = status < 300 ? body.codeAsStatus() : status;
        if (told != 0) {
            return ofStatus(told, body);
        }
        // an error within a success: a gateway began its answer before the model failed
        Verdict verdict = byWords(body);
        return verdict == null ? Verdict.unknown(ErrorKind.SERVER_ERROR) : verdict;
    }

    private static boolean isUsedUp(ErrorBody body) {
        return USED_UP.contains(body.code()) || USED_UP.contains(body.type());
    }

    private static Verdict ofStatus(int status, ErrorBody body) {
        if (status == 429 && body.message().startsWith("Request too large for")) {
            return Verdict.refusedForGood(ErrorKind.INVALID_REQUEST);
        }
        if (status == 400 && body.message().startsWith("API key not valid")) { // Gemini's word for a wrong key
            return Verdict.refused(ErrorKind.AUTHENTICATION);
        }
        if (status == 403 && body.message().contains("input was flagged")) { // OpenRouter's word for a filter
            return Verdict.refused(ErrorKind.REFUSED);
        }
        if (status == 400 && (FILTERED.contains(body.code()) || FILTERED.contains(body.detailCode()))) {
            return Verdict.refused(ErrorKind.REFUSED);
        }
        return Verdict.ofStatus(status);
    }

    /** What an error means that came without a status of its own; null if no word of it is known. */
    static @Nullable Verdict byWords(ErrorBody body) {
        if (isUsedUp(body)) {
            return Verdict.refusedForGood(ErrorKind.QUOTA_EXHAUSTED);
        }
        for (String word : new String[] {body.code(), body.type()}) {
            if (FILTERED.contains(word)) {
                return Verdict.refused(ErrorKind.REFUSED);
            }
            if (WRONG.contains(word)) {
                return ofStatus(400, body);
            }
            switch (word) {
                case "rate_limit_exceeded", "rate_limit_error", "slow_down", "token_limit_exceeded" -> {
                    return ofStatus(429, body);
                }
                case "server_is_overloaded", "service_unavailable_error", "overloaded_error", "unavailable_error" -> {
                    return Verdict.refused(ErrorKind.OVERLOADED);
                }
                case "invalid_api_key", "authentication_error" -> {
                    return Verdict.refused(ErrorKind.AUTHENTICATION);
                }
                case "model_not_found", "not_found_error", "NotFoundError" -> {
                    return Verdict.refused(ErrorKind.NOT_FOUND);
                }
                case "server_error", "internal_error" -> {
                    return Verdict.unknown(ErrorKind.SERVER_ERROR);
                }
                default -> {
                    // the next word, or none
                }
            }
        }
        return null;
    }
}
