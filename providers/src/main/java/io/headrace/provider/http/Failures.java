package io.headrace.provider.http;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import java.time.Clock;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Makes exceptions of answers that are none, in words without key and prompt. Thread-safe. */
final class Failures<Q> {

    private final String provider;
    private final JsonOperation<Q, ?> operation;
    private final ErrorRules rules;
    private final Secret key;
    private final Clock clock;

    Failures(String provider, JsonOperation<Q, ?> operation, ErrorRules rules, Secret key, Clock clock) {
        this.provider = provider;
        this.operation = operation;
        this.rules = rules;
        this.key = key;
        this.clock = clock;
    }

    /** A request that cannot be sent. */
    ApiException notSent(Q request, @Nullable String why) {
        return ApiException.builder(ErrorKind.INVALID_REQUEST, prefix(request) + "not sent: " + why)
                .delivery(Delivery.NOT_SENT)
                .build();
    }

    /** An answer that breaks the protocol. */
    ApiException malformed(Q request, HttpAnswer answer, Delivery delivery, String why) {
        return ApiException.builder(
                        ErrorKind.MALFORMED_RESPONSE,
                        prefix(request) + "HTTP " + answer.status() + ", but " + struck(answer, why))
                .delivery(delivery)
                .status(answer.status())
                .requestId(requestId(answer))
                .build();
    }

    /** An answer that tells of an error. */
    ApiException refused(Q request, HttpAnswer answer) {
        return refused(request, answer, "", Delivery.NOT_SENT);
    }

    /**
     * An error in the middle of an answer.
     *
     * @param where where it stood, for the message
     * @param atLeast how far the attempt got, whatever the error says
     */
    ApiException refused(Q request, HttpAnswer answer, String where, Delivery atLeast) {
        ErrorBody body = ErrorBody.of(answer);
        int status = answer.status();
        Verdict verdict = rules.judge(status, body);
        if (verdict == null) {
            verdict = Verdict.ofStatus(status);
        }
        Boolean advice = verdict.isFinal() ? null : RetryAdvice.shouldRetry(answer);
        Duration wait = RetryAdvice.retryAfter(answer, clock);
        if (wait == null && isOfLoad(verdict)) {
            wait = RetryAdvice.inWords(body.message());
        }
        String requestId = requestId(answer);
        return ApiException.builder(verdict.kind(), message(request, answer, where, body))
                .delivery(verdict.delivery().compareTo(atLeast) < 0 ? atLeast : verdict.delivery())
                .isTransient(advice == null ? verdict.isTransient() : advice)
                .retryAfter(wait)
                .status(status)
                .requestId(
                        requestId != null || body.requestId().isEmpty() ? requestId : struck(answer, body.requestId()))
                .build();
    }

    /** Only there a server may mean what it says of a wait: other messages repeat what they were sent. */
    private static boolean isOfLoad(Verdict verdict) {
        return verdict.isTransient()
                && (verdict.kind() == ErrorKind.RATE_LIMITED || verdict.kind() == ErrorKind.OVERLOADED);
    }

    private String message(Q request, HttpAnswer answer, String where, ErrorBody body) {
        StringBuilder message = new StringBuilder(prefix(request))
                .append(answer.status() == 0 ? "failed" : "HTTP " + answer.status())
                .append(where);
        String location = answer.header("location");
        if (answer.status() / 100 == 3 && location != null) {
            message.append(", redirected to another address: check the base URL");
        }
        String type = answer.header("content-type");
        if (answer.status() == 404 && type != null && type.startsWith("text/html")) {
            message.append(", a page, no API: check the base URL");
        }
        StringBuilder words = new StringBuilder();
        for (String part : new String[] {body.type(), body.code(), body.detailCode()}) {
            if (!part.isEmpty() && words.indexOf(part) < 0) {
                words.append(words.isEmpty() ? "" : "/").append(part);
            }
        }
        if (!body.param().isEmpty()) {
            words.append(" (field ").append(body.param()).append(')');
        }
        if (!body.message().isBlank()) {
            words.append(words.isEmpty() ? "" : ": ").append(body.message());
        }
        String clean = ServerWords.of(answer.key().strikeFrom(words.toString()), key, operation.prompts(request));
        if (clean.isEmpty() && answer.isSuccess()) {
            clean = "an error without words";
        }
        String hint = rules.hint(answer.status(), body);
        return message.append(clean.isEmpty() ? "" : " ")
                .append(clean)
                .append(hint.isEmpty() ? "" : "; ")
                .append(hint)
                .toString();
    }

    /** By which the server knows {@code answer}, if it says so; a server may say anything there, the key too. */
    @Nullable
    String requestId(HttpAnswer answer) {
        String requestId = answer.requestId();
        return requestId == null ? null : struck(answer, requestId);
    }

    /** {@code text} without the provider's key and the one that came with the call. */
    private String struck(HttpAnswer answer, String text) {
        return key.strikeFrom(answer.key().strikeFrom(text));
    }

    private String prefix(Q request) {
        return provider + " " + operation.about(request) + ": ";
    }
}
