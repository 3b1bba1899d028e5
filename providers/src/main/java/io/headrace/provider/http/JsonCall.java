package io.headrace.provider.http;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import java.io.ByteArrayOutputStream;
import java.time.Clock;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;

/**
 * A call that posts JSON and reads JSON. One subscription sends one request. The answer comes on the event loop that read it;
 * one longer than 256 KiB is parsed, and comes, on the parallel scheduler instead, so that it holds up no other connection.
 * Cancelling closes the connection.
 *
 * <p>Every error is an {@link ApiException}; its message holds the provider, the model, the status and the server's words cut
 * to one line, and neither the key nor the prompt. Thread-safe.
 */
public final class JsonCall<Q, R> implements Call<Q, R> {

    private static final int LARGE_BYTES = 256 << 10;

    private final HttpEndpoint endpoint;
    private final JsonOperation<Q, R> operation;
    private final ErrorRules rules;
    private final Secret key;
    private final Clock clock;

    /**
     * @param key struck out of the server's words
     * @param clock measures waits that the server gives as a date
     */
    public JsonCall(HttpEndpoint endpoint, JsonOperation<Q, R> operation, ErrorRules rules, Secret key, Clock clock) {
        this.endpoint = Objects.requireNonNull(endpoint, "endpoint");
        this.operation = Objects.requireNonNull(operation, "operation");
        this.rules = Objects.requireNonNull(rules, "rules");
        this.key = Objects.requireNonNull(key, "key");
        this.clock = Objects.requireNonNull(clock, "clock");
    }

    @Override
    public Mono<R> apply(Q request) {
        Objects.requireNonNull(request, "request");
        return Mono.defer(() -> {
            Body body = encode(request);
            return endpoint.post(operation.about(request), body.bytes(), body.size())
                    .flatMap(answer -> answer.length() <= LARGE_BYTES
                            ? Mono.just(decode(request, answer))
                            : Mono.fromCallable(() -> decode(request, answer)).subscribeOn(Schedulers.parallel()));
        });
    }

    private Body encode(Q request) {
        Body body = new Body();
        try (JsonGenerator out = Json.generator(body)) {
            operation.write(request, out);
        } catch (IllegalArgumentException | JacksonException e) {
            String why = e instanceof JacksonException json ? json.getOriginalMessage() : e.getMessage();
            throw ApiException.builder(ErrorKind.INVALID_REQUEST, prefix(request) + "not sent: " + why)
                    .delivery(Delivery.NOT_SENT)
                    .build();
        }
        return body;
    }

    private R decode(Q request, HttpAnswer answer) {
        if (answer.status() != 200) {
            throw failure(request, answer);
        }
        R result;
        try (JsonParser in = Json.parser(answer)) {
            result = operation.read(in);
        } catch (JacksonException e) {
            throw malformed(request, answer, Delivery.UNKNOWN, notJson(answer, e));
        } catch (IllegalArgumentException e) {
            if (answer.isBlank()) {
                throw malformed(request, answer, Delivery.UNKNOWN, "the body is empty");
            }
            throw malformed(
                    request, answer, Delivery.ANSWERED, Objects.requireNonNullElse(e.getMessage(), "no reason"));
        }
        if (result == null) {
            throw failure(request, answer);
        }
        return result;
    }

    private static String notJson(HttpAnswer answer, JacksonException e) {
        return "the body (" + answer.length() + " bytes, "
                + Objects.requireNonNullElse(answer.header("content-type"), "no content type")
                + ") is not whole JSON, at byte " + e.getLocation().getByteOffset();
    }

    private ApiException malformed(Q request, HttpAnswer answer, Delivery delivery, String why) {
        return ApiException.builder(
                        ErrorKind.MALFORMED_RESPONSE, prefix(request) + "HTTP " + answer.status() + ", but " + why)
                .delivery(delivery)
                .status(answer.status())
                .requestId(requestId(answer, ""))
                .build();
    }

    private ApiException failure(Q request, HttpAnswer answer) {
        ErrorBody body = ErrorBody.of(answer);
        int status = answer.status();
        Verdict verdict = rules.judge(status, body);
        if (verdict == null) {
            verdict = Verdict.ofStatus(status);
        }
        Boolean advice = verdict.isFinal() ? null : RetryAdvice.shouldRetry(answer);
        return ApiException.builder(verdict.kind(), message(request, answer, body))
                .delivery(verdict.delivery())
                .isTransient(advice == null ? verdict.isTransient() : advice)
                .retryAfter(RetryAdvice.retryAfter(answer, clock))
                .status(status)
                .requestId(requestId(answer, body.requestId()))
                .build();
    }

    private String message(Q request, HttpAnswer answer, ErrorBody body) {
        StringBuilder message =
                new StringBuilder(prefix(request)).append("HTTP ").append(answer.status());
        String location = answer.header("location");
        if (answer.status() / 100 == 3 && location != null) {
            message.append(", redirected to another address: check the base URL");
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
        String clean = ServerWords.of(words.toString(), key, operation.prompts(request));
        return message.append(clean.isEmpty() ? "" : " ").append(clean).toString();
    }

    private String prefix(Q request) {
        return endpoint.name() + " " + operation.about(request) + ": ";
    }

    private static @Nullable String requestId(HttpAnswer answer, String inBody) {
        for (String name : new String[] {"x-request-id", "request-id", "apim-request-id"}) {
            String id = answer.header(name);
            if (id != null && !id.isBlank()) {
                return id;
            }
        }
        return inBody.isEmpty() ? null : inBody;
    }

    /** Gives out the array that it wrote to, without a copy. */
    private static final class Body extends ByteArrayOutputStream {

        Body() {
            super(1024);
        }

        byte[] bytes() {
            return buf;
        }
    }
}
