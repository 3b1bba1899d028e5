package io.headrace.testkit;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;

/** One request on its way to its answer or its fault: what is noted of it, and how it is told. Lives on the event loop of its connection. */
abstract class Exchange {

    static final byte[] NOTHING = new byte[0];

    final Simulation simulation;
    final HttpServerRequest request;
    final HttpServerResponse response;
    final Channel channel;
    final String path;
    private final long startedNanos = System.nanoTime();
    private @Nullable SimulatedRequest received;
    private boolean recorded;
    private boolean left;

    /** What a provider may bill for it. */
    @Nullable
    Demand work;

    Exchange(Simulation simulation, HttpServerRequest request, HttpServerResponse response, String path) {
        Channel[] connection = new Channel[1];
        request.withConnection(it -> connection[0] = it.channel());
        this.simulation = simulation;
        this.request = request;
        this.response = response;
        this.channel = Objects.requireNonNull(connection[0], "connection");
        this.path = path;
    }

    /** Serves the request. What ends without a record is a client that went away: by a cancel, or by an error where it was written to. */
    final Mono<Void> served() {
        simulation.counters.enter();
        return run().doFinally(signal -> {
            abandon();
            leave();
        });
    }

    abstract Mono<Void> run();

    /** It has been told all that it will be told, or has gone. */
    void left() {}

    final void leave() {
        if (!left) {
            left = true;
            simulation.counters.leave();
            left();
        }
    }

    /** Its body was read. */
    final void received(SimulatedRequest asked) {
        received = asked;
        simulation.keep(asked);
    }

    final Mono<Void> reject(Wire wire, Wire.Problem problem) {
        record(RequestLog.REJECTED, problem.status());
        simulation.counters.rejected.increment();
        return say(wire, problem);
    }

    final Mono<Void> refuse(Fault fault, Wire wire, Wire.Problem problem) {
        strike(fault, problem.status());
        return say(wire, problem);
    }

    final Mono<Void> say(Wire wire, Wire.Problem problem) {
        leave();
        String requestId = simulation.nextRequestId();
        describe(wire, HttpHeaderValues.APPLICATION_JSON, requestId);
        return send(problem.status(), wire.problem(problem, requestId));
    }

    final Mono<Void> verbatim(Fault.Verbatim fault) {
        strike(fault, fault.status());
        fault.headers().forEach((name, value) -> response.responseHeaders().set(name, value));
        return send(fault.status(), fault.body().getBytes(StandardCharsets.UTF_8));
    }

    final Mono<Void> stall() {
        strike(Fault.stall(), 0);
        return Mono.never();
    }

    final Mono<Void> reset(Fault fault) {
        return breakOff(fault, Disruptions.reset(channel));
    }

    final Mono<Void> breakOff(Fault fault, Mono<Void> disruption) {
        strike(fault, 0);
        leave();
        return disruption.then(Mono.never());
    }

    final void answered(int number) {
        record(RequestLog.ANSWERED, 200); // so that whoever sees it counted finds it in the log
        simulation.counters.answered(number);
    }

    final void strike(Fault fault, int status) {
        record(fault.label(), status);
        simulation.counters.fault(fault.label());
    }

    final void record(String outcome, int status) {
        recorded = true;
        simulation.log(path, received, outcome, status, work);
    }

    private void abandon() {
        if (!recorded) {
            record(RequestLog.CANCELLED, 0);
            simulation.counters.cancelled.increment();
        }
    }

    void describe(Wire wire, CharSequence contentType, String requestId) {
        HttpHeaders headers = response.responseHeaders();
        headers.set(HttpHeaderNames.CONTENT_TYPE, contentType);
        wire.headers(headers, requestId, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedNanos));
    }

    final Mono<Void> send(int status, byte[] body) {
        return response.status(status)
                .send(Mono.just(Unpooled.wrappedBuffer(body)))
                .then();
    }

    /** By a timer of the event loop: no thread, and gone when cancelled. */
    final Mono<Void> after(Duration delay) {
        return Mono.create(sink -> {
            var timer = channel.eventLoop().schedule(() -> sink.success(), delay.toNanos(), TimeUnit.NANOSECONDS);
            sink.onDispose(() -> timer.cancel(false));
        });
    }
}
