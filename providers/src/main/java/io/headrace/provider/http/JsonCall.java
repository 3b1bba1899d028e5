package io.headrace.provider.http;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Delivery;
import io.netty.handler.codec.http.HttpMethod;
import java.io.ByteArrayOutputStream;
import java.time.Clock;
import java.util.Objects;
import java.util.function.BiConsumer;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.util.context.ContextView;
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
final class JsonCall<Q, R> implements Call<Q, R> {

    private static final int LARGE_BYTES = 256 << 10;

    private final HttpEndpoint endpoint;
    private final JsonOperation<Q, R> operation;
    private final Failures<Q> failures;

    /**
     * @param key struck out of the server's words
     * @param clock measures waits that the server gives as a date
     */
    JsonCall(HttpEndpoint endpoint, JsonOperation<Q, R> operation, ErrorRules rules, Secret key, Clock clock) {
        this.endpoint = endpoint;
        this.operation = operation;
        this.failures = new Failures<>(endpoint.name(), operation, rules, key, clock);
    }

    @Override
    public Mono<R> apply(Q request) {
        Objects.requireNonNull(request, "request");
        return Mono.deferContextual(context -> apply(request, context));
    }

    /** One subscription with {@code context}. */
    Mono<R> apply(Q request, ContextView context) {
        Body body = encode(request, operation::write);
        return endpoint.post(operation.about(request), body.bytes(), body.size(), context)
                .flatMap(answer -> read(request, answer));
    }

    /** This call by another method, with no body where there is nothing to write. */
    Call<Q, R> as(HttpMethod method) {
        return request -> Mono.defer(() -> {
            Body body = encode(Objects.requireNonNull(request, "request"), operation::write);
            RequestBody sent = body.size() == 0 ? RequestBody.NONE : RequestBody.of(body.bytes(), body.size());
            return endpoint.send(method, operation.about(request), sent).flatMap(answer -> read(request, answer));
        });
    }

    Failures<Q> failures() {
        return failures;
    }

    /** Writes the request by {@code writer}, or fails as not sent. */
    Body encode(Q request, BiConsumer<Q, JsonGenerator> writer) {
        Body body = new Body();
        try (JsonGenerator out = Json.generator(body)) {
            writer.accept(request, out);
        } catch (IllegalArgumentException | JacksonException e) {
            throw failures.notSent(
                    request, e instanceof JacksonException json ? json.getOriginalMessage() : e.getMessage());
        }
        return body;
    }

    /** The answer here, or on the parallel scheduler if it is large. */
    Mono<R> read(Q request, HttpAnswer answer) {
        return answer.length() <= LARGE_BYTES
                ? Mono.just(decode(request, answer))
                : Mono.fromCallable(() -> decode(request, answer)).subscribeOn(Schedulers.parallel());
    }

    R decode(Q request, HttpAnswer answer) {
        if (!answer.isSuccess()) {
            throw failures.refused(request, answer);
        }
        R result;
        try (JsonParser in = Json.parser(answer)) {
            result = operation.read(request, in);
        } catch (JacksonException e) {
            throw failures.malformed(request, answer, Delivery.UNKNOWN, notJson(answer, e));
        } catch (IllegalArgumentException e) {
            if (answer.isBlank()) {
                throw failures.malformed(request, answer, Delivery.UNKNOWN, "the body is empty");
            }
            throw failures.malformed(
                    request, answer, Delivery.ANSWERED, Objects.requireNonNullElse(e.getMessage(), "no reason"));
        }
        if (result == null) {
            throw failures.refused(request, answer);
        }
        String requestId = failures.requestId(answer);
        return requestId == null ? result : operation.withRequestId(result, requestId);
    }

    private static String notJson(HttpAnswer answer, JacksonException e) {
        String type = Objects.requireNonNullElse(answer.header("content-type"), "no content type");
        return "the body (" + answer.length() + " bytes, " + type + ") " + Json.fault(e)
                + (type.startsWith("text/html") ? ": a page, no API; check the base URL" : "");
    }

    /** Gives out the array that it wrote to, without a copy. */
    static final class Body extends ByteArrayOutputStream {

        Body() {
            super(1024);
        }

        byte[] bytes() {
            return buf;
        }
    }
}
