package io.headrace.testkit;

import io.headrace.testkit.SimulatorChange.KeyState;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;
import tools.jackson.core.JacksonException;

/** The exchange of a request for answers, or for what there is to ask. */
final class EndpointExchange extends Exchange {

    private static final AsciiString EVENT_STREAM = AsciiString.cached("text/event-stream; charset=utf-8");

    private static final byte[] MALFORMED = "data: {\"cut\": \n\n".getBytes(StandardCharsets.UTF_8);

    private @Nullable Question charged;
    private @Nullable Admission admission;
    private @Nullable Demand asks;

    private EndpointExchange(
            Simulation simulation, HttpServerRequest request, HttpServerResponse response, String path) {
        super(simulation, request, response, path);
    }

    static Mono<Void> serve(Simulation simulation, HttpServerRequest request, HttpServerResponse response) {
        String uri = request.uri();
        int query = uri.indexOf('?');
        return new EndpointExchange(simulation, request, response, query < 0 ? uri : uri.substring(0, query)).served();
    }

    @Override
    Mono<Void> run() {
        Endpoint endpoint = Endpoint.at(path, request.requestHeaders());
        if (endpoint == null) {
            Wire near = Endpoint.near(path);
            return reject(near, near.pathUnknown(request.method().name(), path));
        }
        if (!request.method().equals(endpoint.method())) {
            Wire wire = endpoint.wire();
            return reject(wire, wire.methodNotAllowed(request.method().name(), path));
        }
        if (simulation.script.takeResetBeforeRead()) {
            return reset(Fault.Disruption.RESET_BEFORE_READ);
        }
        return request.receive()
                .aggregate()
                .asByteArray()
                .defaultIfEmpty(NOTHING)
                .flatMap(bytes -> read(endpoint, bytes));
    }

    private Mono<Void> read(Endpoint endpoint, byte[] bytes) {
        Wire wire = endpoint.wire();
        HttpHeaders headers = request.requestHeaders();
        BodyDigest digest = BodyDigest.of(bytes);
        SimulatedRequest asked =
                new SimulatedRequest(path, headers, bytes, digest, simulation.occurrences.nextAsked(digest));
        received(asked);
        Wire.Problem problem = simulation.checkKey(wire, wire.key(headers));
        if (problem != null) {
            return reject(wire, problem);
        }
        Question question;
        try {
            question = endpoint.reading().read(request.uri(), headers, bytes);
        } catch (JacksonException e) {
            return reject(wire, wire.notJson(e.getOriginalMessage()));
        }
        problem = question.problem();
        if (problem == null && !question.model().isEmpty()) {
            problem = simulation.checkModel(wire, question.model());
        }
        if (problem != null) {
            return reject(wire, problem);
        }
        boolean limited = simulation.quotas.inForce();
        Demand demand = limited || simulation.logs() ? question.demand(simulation.promptCache()) : null;
        asks = demand;
        return demand == null || !limited ? work(wire, asked, question) : admit(demand, wire, asked, question);
    }

    /** Takes what the request needs from its key's quota, or says why there is none. */
    private Mono<Void> admit(Demand demand, Wire wire, SimulatedRequest asked, Question question) {
        String key = key(wire);
        if (simulation.quotas.keyState(key) == KeyState.EXHAUSTED) {
            return refuse(Fault.Refusal.QUOTA_EXHAUSTED, wire, wire.refusal(Fault.Refusal.QUOTA_EXHAUSTED));
        }
        charged = question;
        admission = simulation.quotas.admit(key, question.model(), demand, wire.outputCharge());
        OverLimit over = admission.refusal();
        return over == null ? work(wire, asked, question) : refuse(over, wire, question.model());
    }

    /** The key that is asked with, empty where there is none. */
    private String key(Wire wire) {
        String key = wire.key(request.requestHeaders());
        return key == null ? "" : key;
    }

    private Mono<Void> refuse(OverLimit over, Wire wire, String model) {
        Wire.Problem problem = wire.overLimit(over, model);
        record(over.label(), problem.status());
        simulation.counters.fault(over.label());
        if (over.retryAfter() != null) {
            wire.retryAfter(response.responseHeaders(), over.retryAfter());
        }
        return say(wire, problem);
    }

    private Mono<Void> work(Wire wire, SimulatedRequest asked, Question question) {
        SplittableRandom random = simulation.random(asked);
        Fault fault = simulation.script.decide(asked, random);
        Duration latency = simulation.latency(random);
        if (fault == null || isWorkedOn(fault)) {
            work = asks;
        }
        if (fault == null) {
            return worked(latency, () -> answer(wire, asked, question));
        }
        if (fault instanceof Fault.Refusal refusal) {
            return refuse(fault, wire, wire.refusal(refusal));
        }
        if (fault instanceof Fault.RateLimited limited) {
            retryAfter(limited.retryAfter());
            return refuse(fault, wire, wire.rateLimited(limited, question.model()));
        }
        if (fault instanceof Fault.Verbatim verbatim) {
            return verbatim(verbatim);
        }
        if (fault instanceof Fault.InStream inStream) {
            return worked(latency, () -> breakWithin(inStream, wire, asked, question));
        }
        if (fault instanceof Fault.Dribble dribble) {
            return worked(latency, () -> dribble(dribble, wire, asked, question));
        }
        if (fault instanceof Fault.BodyCut || fault instanceof Fault.Acceptance) {
            return worked(latency, () -> reset(fault));
        }
        return switch ((Fault.Disruption) fault) {
            case RESET_BEFORE_READ -> reset(fault);
            case RESET_AFTER_READ -> worked(latency, () -> reset(fault));
            case CUT_BODY -> worked(latency, () -> cut(wire, asked, question));
            case STALL -> stall();
            case GO_AWAY -> breakOff(fault, Disruptions.goAway(channel));
            case REFUSED_STREAM -> breakOff(fault, Disruptions.refuseStream(channel));
        };
    }

    /** Whether a provider may bill for a request that this becomes of. */
    private static boolean isWorkedOn(Fault fault) {
        return fault instanceof Fault.InStream
                || fault instanceof Fault.Dribble
                || fault == Fault.Disruption.RESET_AFTER_READ
                || fault == Fault.Disruption.CUT_BODY
                || fault == Fault.Disruption.STALL;
    }

    private Mono<Void> answer(Wire wire, SimulatedRequest asked, Question question) {
        int number = simulation.occurrences.nextAnswered(asked.bodyDigest());
        Question.Content content = question.answer(simulation.occasion(asked, number, false));
        finished(content);
        if (admission != null) {
            admission.answered(content.outputTokens());
        }
        describe(wire, content, simulation.nextRequestId());
        if (content.isStream()) {
            int last = content.pieces().size() - 1;
            return send(
                    Flux.range(0, last + 1).map(i -> {
                        if (i == last) {
                            answered(number);
                        }
                        return content.pieces().get(i);
                    }),
                    simulation.streamPace);
        }
        answered(number);
        leave();
        return send(200, content.json());
    }

    private void finished(Question.Content content) {
        Demand asked = work;
        if (asked != null) {
            work = new Demand(asked.input(), content.outputTokens());
        }
    }

    private Mono<Void> cut(Wire wire, SimulatedRequest asked, Question question) {
        Question.Content content = begun(Fault.cutBody(), wire, asked, question);
        if (content.isStream()) {
            int half = content.pieces().size() / 2;
            return send(Flux.fromIterable(content.pieces().subList(0, half)), simulation.streamPace)
                    .then(Disruptions.cut(channel));
        }
        byte[] json = content.json();
        response.responseHeaders().set(HttpHeaderNames.CONTENT_LENGTH, json.length);
        return send(200, Arrays.copyOf(json, json.length / 2)).then(Disruptions.cut(channel));
    }

    private Mono<Void> breakWithin(Fault.InStream fault, Wire wire, SimulatedRequest asked, Question question) {
        Question.Content content = begun(fault, wire, asked, question);
        Wire.Problem overloaded = wire.refusal(Fault.Refusal.OVERLOADED);
        if (!content.isStream() && fault.kind() == Fault.InStream.Kind.ERROR_EVENT) {
            return send(200, wire.problem(overloaded, simulation.nextRequestId()));
        }
        List<byte[]> pieces = content.isStream()
                ? content.pieces()
                : List.of(Arrays.copyOf(content.json(), content.json().length / 2));
        int kept = content.isStream() ? Math.min(fault.events(), pieces.size()) : 1;
        Flux<byte[]> before = Flux.fromIterable(pieces.subList(0, kept));
        Flux<byte[]> after = Flux.fromIterable(pieces.subList(kept, pieces.size()));
        return switch (fault.kind()) {
            case STREAM_CUT -> send(before, simulation.streamPace).then(Disruptions.cut(channel));
            case STREAM_ENDED -> send(before, simulation.streamPace);
            case STREAM_STALLED -> send(before.concatWith(Mono.never()), simulation.streamPace);
            case MALFORMED_EVENT -> send(before.concatWithValues(MALFORMED).concatWith(after), simulation.streamPace);
            case ERROR_EVENT ->
                send(
                        before.concatWithValues(wire.problemEvent(overloaded, simulation.nextRequestId())),
                        simulation.streamPace);
        };
    }

    private Mono<Void> dribble(Fault.Dribble fault, Wire wire, SimulatedRequest asked, Question question) {
        Question.Content content = begun(fault, wire, asked, question);
        byte[] all = joined(content.pieces());
        int pieces = (all.length + fault.bytes() - 1) / fault.bytes();
        return send(
                Flux.range(0, pieces)
                        .map(i -> Arrays.copyOfRange(
                                all, i * fault.bytes(), Math.min((i + 1) * fault.bytes(), all.length))),
                fault.pause());
    }

    /** The good answer, which {@code fault} spoils. */
    private Question.Content begun(Fault fault, Wire wire, SimulatedRequest asked, Question question) {
        strike(fault, 200);
        Question.Content content = question.answer(simulation.occasion(asked, 1, false));
        describe(wire, content, simulation.nextRequestId());
        return content;
    }

    private static byte[] joined(List<byte[]> pieces) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        pieces.forEach(all::writeBytes);
        return all.toByteArray();
    }

    @Override
    void left() {
        if (admission != null) {
            admission.leave();
        }
    }

    /** Runs {@code next} when a worker has spent {@code latency} on it. */
    private Mono<Void> worked(Duration latency, Supplier<Mono<Void>> next) {
        return simulation.workers.run(channel.eventLoop(), Mono.defer(() -> after(latency, next)));
    }

    /** Runs {@code next} after {@code delay}. */
    private <T> Mono<T> after(Duration delay, Supplier<Mono<T>> next) {
        if (delay.isZero()) {
            return next.get();
        }
        return after(delay).then(Mono.defer(next));
    }

    private void retryAfter(Duration wait) {
        long millis = wait.toMillis();
        response.responseHeaders().set("retry-after", Long.toString((millis + 999) / 1000));
        if (millis % 1000 != 0) {
            response.responseHeaders().set("retry-after-ms", Long.toString(millis));
        }
    }

    private void describe(Wire wire, Question.Content content, String requestId) {
        describe(wire, content.isStream() ? EVENT_STREAM : HttpHeaderValues.APPLICATION_JSON, requestId);
        if (content.isStream()) {
            response.responseHeaders().set(HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_CACHE);
        }
    }

    @Override
    void describe(Wire wire, CharSequence contentType, String requestId) {
        super.describe(wire, contentType, requestId);
        if (charged != null && simulation.limitHeaders) {
            wire.limitHeaders(
                    response.responseHeaders(), simulation.quotas.state(key(wire), charged.model()), simulation.now());
        }
    }

    /** Sends pieces, each by itself and {@code pace} apart. */
    private Mono<Void> send(Flux<byte[]> pieces, Duration pace) {
        Flux<ByteBuf> paced = pace.isZero()
                ? pieces.map(Unpooled::wrappedBuffer)
                : pieces.index()
                        .concatMap(
                                piece -> piece.getT1() == 0
                                        ? Mono.just(piece.getT2())
                                        : after(pace, () -> Mono.just(piece.getT2())),
                                1)
                        .map(Unpooled::wrappedBuffer);
        return response.status(200).send(paced, piece -> true).then();
    }
}
