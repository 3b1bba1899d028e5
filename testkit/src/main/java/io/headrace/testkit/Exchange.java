package io.headrace.testkit;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.netty.FutureMono;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;
import tools.jackson.core.JacksonException;

/** One request on its way to its answer or its fault. Lives on the event loop of its connection. */
final class Exchange {

    private static final byte[] NOTHING = new byte[0];

    private final Simulation simulation;
    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final Channel channel;
    private final String path;
    private final long startedNanos = System.nanoTime();
    private @Nullable SimulatedRequest received;
    private boolean recorded;
    private boolean left;

    private Exchange(Simulation simulation, HttpServerRequest request, HttpServerResponse response, Channel channel) {
        this.simulation = simulation;
        this.request = request;
        this.response = response;
        this.channel = channel;
        String uri = request.uri();
        int query = uri.indexOf('?');
        this.path = query < 0 ? uri : uri.substring(0, query);
    }

    /** Serves the request; a cancel means that the client went away. */
    static Mono<Void> serve(Simulation simulation, HttpServerRequest request, HttpServerResponse response) {
        Channel[] channel = new Channel[1];
        request.withConnection(connection -> channel[0] = connection.channel());
        Exchange exchange =
                new Exchange(simulation, request, response, Objects.requireNonNull(channel[0], "connection"));
        simulation.counters.enter();
        return exchange.run().doOnCancel(exchange::abandon).doFinally(signal -> exchange.leave());
    }

    private Mono<Void> run() {
        Wire wire = Wire.at(path);
        if (wire == null) {
            Wire near = Wire.near(path);
            return reject(near, near.pathUnknown(request.method().name(), path));
        }
        if (!request.method().equals(HttpMethod.POST)) {
            return reject(wire, wire.methodNotAllowed(request.method().name(), path));
        }
        if (simulation.script.takeResetBeforeRead()) {
            return reset(Fault.Disruption.RESET_BEFORE_READ);
        }
        return request.receive()
                .aggregate()
                .asByteArray()
                .defaultIfEmpty(NOTHING)
                .flatMap(bytes -> read(wire, bytes));
    }

    private Mono<Void> read(Wire wire, byte[] bytes) {
        HttpHeaders headers = request.requestHeaders();
        BodyDigest digest = BodyDigest.of(bytes);
        SimulatedRequest asked =
                new SimulatedRequest(path, headers, bytes, digest, simulation.occurrences.nextAsked(digest));
        received = asked;
        simulation.keep(asked);
        Wire.Problem problem = simulation.checkKey(wire, wire.key(headers));
        if (problem != null) {
            return reject(wire, problem);
        }
        ChatBody body;
        try {
            body = ChatBody.parse(bytes);
        } catch (JacksonException e) {
            return reject(wire, wire.notJson(e.getOriginalMessage()));
        }
        problem = wire.check(headers, body);
        if (problem == null) {
            problem = simulation.checkModel(wire, body);
        }
        return problem == null ? work(wire, asked, body) : reject(wire, problem);
    }

    private Mono<Void> work(Wire wire, SimulatedRequest asked, ChatBody body) {
        SplittableRandom random = simulation.random(asked);
        Fault fault = simulation.script.decide(asked, random);
        Duration latency = simulation.latency(random);
        if (fault == null) {
            return after(latency, () -> answer(wire, asked, body));
        }
        if (fault instanceof Fault.Refusal refusal) {
            return refuse(fault, wire, wire.refusal(refusal));
        }
        if (fault instanceof Fault.RateLimited limited) {
            retryAfter(limited.retryAfter());
            return refuse(fault, wire, wire.rateLimited(limited, body));
        }
        if (fault instanceof Fault.Verbatim verbatim) {
            strike(fault, verbatim.status());
            verbatim.headers()
                    .forEach((name, value) -> response.responseHeaders().set(name, value));
            return send(verbatim.status(), verbatim.body().getBytes(StandardCharsets.UTF_8));
        }
        return switch ((Fault.Disruption) fault) {
            case RESET_BEFORE_READ -> reset(fault);
            case RESET_AFTER_READ -> after(latency, () -> reset(fault));
            case CUT_BODY -> after(latency, () -> cut(wire, simulation.answer(wire, asked, body, 1)));
            case STALL -> {
                strike(fault, 0);
                yield Mono.never();
            }
            case GO_AWAY -> breakOff(fault, Disruptions.goAway(channel));
            case REFUSED_STREAM -> breakOff(fault, Disruptions.refuseStream(channel));
        };
    }

    private Mono<Void> answer(Wire wire, SimulatedRequest asked, ChatBody body) {
        int number = simulation.occurrences.nextAnswered(asked.bodyDigest());
        byte[] answer = simulation.answer(wire, asked, body, number);
        simulation.counters.answered(number);
        record(RequestLog.ANSWERED, 200);
        leave();
        describe(wire, simulation.nextRequestId());
        return send(200, answer);
    }

    private Mono<Void> reject(Wire wire, Wire.Problem problem) {
        simulation.counters.rejected.increment();
        record(RequestLog.REJECTED, problem.status());
        return say(wire, problem);
    }

    private Mono<Void> refuse(Fault fault, Wire wire, Wire.Problem problem) {
        strike(fault, problem.status());
        return say(wire, problem);
    }

    private Mono<Void> say(Wire wire, Wire.Problem problem) {
        leave();
        String requestId = simulation.nextRequestId();
        describe(wire, requestId);
        return send(problem.status(), wire.problem(problem, requestId));
    }

    private Mono<Void> cut(Wire wire, byte[] answer) {
        strike(Fault.Disruption.CUT_BODY, 200);
        describe(wire, simulation.nextRequestId());
        response.responseHeaders().set(HttpHeaderNames.CONTENT_LENGTH, answer.length);
        return send(200, Arrays.copyOf(answer, answer.length / 2)).then(FutureMono.deferFuture(channel::close));
    }

    private Mono<Void> reset(Fault fault) {
        return breakOff(fault, Disruptions.reset(channel));
    }

    private Mono<Void> breakOff(Fault fault, Mono<Void> disruption) {
        strike(fault, 0);
        leave();
        return disruption.then(Mono.never());
    }

    private void strike(Fault fault, int status) {
        simulation.counters.fault(fault);
        record(fault.label(), status);
    }

    private void abandon() {
        if (!recorded) {
            simulation.counters.cancelled.increment();
            record(RequestLog.CANCELLED, 0);
        }
    }

    private void record(String outcome, int status) {
        recorded = true;
        simulation.log(path, received, outcome, status);
    }

    private void leave() {
        if (!left) {
            left = true;
            simulation.counters.leave();
        }
    }

    /** Runs {@code next} after {@code delay}, by a timer of the event loop: no thread, and gone when cancelled. */
    private Mono<Void> after(Duration delay, Supplier<Mono<Void>> next) {
        if (delay.isZero()) {
            return next.get();
        }
        return Mono.<Long>create(sink -> {
                    var timer =
                            channel.eventLoop().schedule(() -> sink.success(0L), delay.toNanos(), TimeUnit.NANOSECONDS);
                    sink.onDispose(() -> timer.cancel(false));
                })
                .flatMap(fired -> next.get());
    }

    private void retryAfter(Duration wait) {
        long millis = wait.toMillis();
        response.responseHeaders().set("retry-after", Long.toString((millis + 999) / 1000));
        if (millis % 1000 != 0) {
            response.responseHeaders().set("retry-after-ms", Long.toString(millis));
        }
    }

    private void describe(Wire wire, String requestId) {
        HttpHeaders headers = response.responseHeaders();
        headers.set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON);
        wire.headers(headers, requestId, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedNanos));
    }

    private Mono<Void> send(int status, byte[] body) {
        return response.status(status)
                .send(Mono.just(Unpooled.wrappedBuffer(body)))
                .then();
    }
}
