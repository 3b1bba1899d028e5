package io.headrace.testkit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;
import tools.jackson.core.JacksonException;

/** One request about files or batches, on its way to its answer or its fault. Bodies of uploads and files go through in pieces. */
final class BatchExchange {

    private static final int PIECE_BYTES = 16 << 10;
    private static final byte[] NOTHING = new byte[0];

    private final Simulation simulation;
    private final BatchStore store;
    private final Wire wire;
    private final @Nullable BatchAction action;
    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final Channel channel;
    private final QueryStringDecoder uri;
    private final long startedNanos = System.nanoTime();
    private @Nullable SimulatedRequest received;
    private boolean recorded;

    private BatchExchange(
            Simulation simulation,
            BatchStore store,
            Wire wire,
            @Nullable BatchAction action,
            QueryStringDecoder uri,
            HttpServerRequest request,
            HttpServerResponse response) {
        Channel[] connection = new Channel[1];
        request.withConnection(it -> connection[0] = it.channel());
        this.simulation = simulation;
        this.store = store;
        this.wire = wire;
        this.action = action;
        this.uri = uri;
        this.request = request;
        this.response = response;
        this.channel = Objects.requireNonNull(connection[0], "connection");
    }

    static Mono<Void> serve(
            Simulation simulation,
            BatchStore store,
            Wire wire,
            @Nullable BatchAction action,
            QueryStringDecoder uri,
            HttpServerRequest request,
            HttpServerResponse response) {
        BatchExchange exchange = new BatchExchange(simulation, store, wire, action, uri, request, response);
        simulation.counters.enter();
        return exchange.run().doOnCancel(exchange::abandon).doFinally(signal -> simulation.counters.leave());
    }

    private Mono<Void> run() {
        String method = request.method().name();
        if (action == null) {
            return reject(wire.methodNotAllowed(method, uri.path()));
        }
        HttpHeaders headers = request.requestHeaders();
        Wire.Problem problem = simulation.checkKey(wire, wire.key(headers));
        if (problem != null) {
            return reject(problem);
        }
        if (simulation.script.takeResetBeforeRead()) {
            return broken(Fault.resetBeforeRead(), Disruptions.reset(channel));
        }
        if (!action.isUpload()) {
            return request.receive()
                    .aggregate()
                    .asByteArray()
                    .defaultIfEmpty(NOTHING)
                    .flatMap(body -> decided(body, fault -> act(body, null, fault)));
        }
        return decided(NOTHING, fault -> {
            if (fault instanceof Fault.BodyCut cut) {
                return request.receive()
                        .asByteArray()
                        .scan(0L, (sum, piece) -> sum + piece.length)
                        .takeUntil(sum -> sum >= cut.bytes())
                        .then(Mono.defer(() -> broken(fault, Disruptions.reset(channel))));
            }
            Path path = store.newPath();
            return stored(path).then(Mono.defer(() -> act(NOTHING, path, fault)));
        });
    }

    /** Notes the request and decides its fault. */
    private Mono<Void> decided(byte[] body, Function<@Nullable Fault, Mono<Void>> next) {
        BodyDigest digest = BodyDigest.of(body);
        SimulatedRequest asked = new SimulatedRequest(uri.path(), request.requestHeaders(), body, digest, 1);
        received = asked;
        simulation.keep(asked);
        SplittableRandom random = simulation.random(asked);
        Fault fault = simulation.script.decide(asked, random);
        Duration latency = simulation.latency(random);
        if (fault instanceof Fault.Refusal refusal) {
            return refuse(fault, wire.refusal(refusal));
        }
        if (fault instanceof Fault.RateLimited limited) {
            wire.retryAfter(response.responseHeaders(), limited.retryAfter());
            return refuse(fault, wire.rateLimited(limited, "batches"));
        }
        if (fault instanceof Fault.Verbatim verbatim) {
            strike(fault, verbatim.status());
            verbatim.headers()
                    .forEach((name, value) -> response.responseHeaders().set(name, value));
            return send(verbatim.status(), verbatim.body().getBytes(StandardCharsets.UTF_8));
        }
        if (fault == Fault.stall()) {
            strike(fault, 0);
            return Mono.never();
        }
        if (fault == Fault.resetBeforeRead()) {
            return broken(fault, Disruptions.reset(channel));
        }
        return latency.isZero() ? next.apply(fault) : after(latency).then(Mono.defer(() -> next.apply(fault)));
    }

    /** Writes the body of the request to a file. */
    private Mono<Void> stored(Path path) {
        return Flux.using(
                        () -> Files.newOutputStream(path),
                        out -> request.receive()
                                .asByteArray()
                                .publishOn(store.scheduler(), 16)
                                .doOnNext(piece -> {
                                    write(out, piece);
                                }),
                        BatchExchange::close)
                .then();
    }

    private Mono<Void> act(byte[] body, @Nullable Path upload, @Nullable Fault fault) {
        Duration late = fault instanceof Fault.Acceptance acceptance ? acceptance.after() : Duration.ZERO;
        BatchAction.Asked asked = new BatchAction.Asked(uri, request.requestHeaders(), body, upload, late);
        BatchAction.Act act = Objects.requireNonNull(action).act();
        return Mono.fromCallable(() -> act.answer(asked))
                .subscribeOn(store.scheduler())
                .flatMap(reply -> reply(reply, fault))
                .onErrorResume(BatchReply.RefusedException.class, e -> reject(e.problem()))
                .onErrorResume(JacksonException.class, e -> reject(wire.notJson(e.getOriginalMessage())));
    }

    private Mono<Void> reply(BatchReply reply, @Nullable Fault fault) {
        if (fault instanceof Fault.Acceptance acceptance) {
            if (acceptance.stalls()) {
                strike(fault, 0);
                return Mono.never();
            }
            return broken(fault, Disruptions.reset(channel));
        }
        boolean isCut = fault == Fault.cutBody();
        if (fault != null && !isCut) {
            return broken(fault, Disruptions.reset(channel));
        }
        String requestId = simulation.nextRequestId();
        if (reply instanceof BatchReply.Value value) {
            describe(HttpHeaderValues.APPLICATION_JSON, requestId);
            byte[] json = value.json();
            ended(fault);
            if (!isCut) {
                return send(200, json);
            }
            response.responseHeaders().set(HttpHeaderNames.CONTENT_LENGTH, json.length);
            return send(200, Arrays.copyOf(json, json.length / 2)).then(Disruptions.cut(channel));
        }
        BatchReply.Content content = (BatchReply.Content) reply;
        describe(content.contentType(), requestId);
        StoredFile file = content.file();
        response.responseHeaders().set(HttpHeaderNames.CONTENT_LENGTH, file.length());
        ended(fault);
        Mono<Void> sent = response.status(200)
                .send(pieces(file, isCut ? file.length() / 2 : file.length()), piece -> true)
                .then();
        return isCut ? sent.then(Disruptions.cut(channel)) : sent;
    }

    private Flux<ByteBuf> pieces(StoredFile file, long length) {
        return Flux.<byte[], Content>generate(
                        () -> new Content(file, length),
                        (content, sink) -> {
                            byte[] piece = content.next();
                            if (piece.length == 0) {
                                sink.complete();
                            } else {
                                sink.next(piece);
                            }
                            return content;
                        },
                        Content::close)
                .subscribeOn(store.scheduler())
                .map(Unpooled::wrappedBuffer);
    }

    /** An open file and what is left to read of it. */
    private static final class Content {

        private final InputStream in;
        private long left;

        Content(StoredFile file, long length) throws IOException {
            this.in = Files.newInputStream(file.path());
            this.left = length;
            in.skipNBytes(file.offset());
        }

        byte[] next() {
            try {
                byte[] piece = in.readNBytes((int) Math.min(left, PIECE_BYTES));
                left -= piece.length;
                return piece;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        void close() {
            BatchExchange.close(in);
        }
    }

    private static void write(OutputStream out, byte[] piece) {
        try {
            out.write(piece);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void close(Closeable file) {
        try {
            file.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void ended(@Nullable Fault fault) {
        if (fault == null) {
            simulation.counters.answered(1);
            record(RequestLog.ANSWERED, 200);
        } else {
            strike(fault, 200);
        }
    }

    private Mono<Void> reject(Wire.Problem problem) {
        simulation.counters.rejected.increment();
        record(RequestLog.REJECTED, problem.status());
        return say(problem);
    }

    private Mono<Void> refuse(Fault fault, Wire.Problem problem) {
        strike(fault, problem.status());
        return say(problem);
    }

    private Mono<Void> say(Wire.Problem problem) {
        String requestId = simulation.nextRequestId();
        describe(HttpHeaderValues.APPLICATION_JSON, requestId);
        return send(problem.status(), wire.problem(problem, requestId));
    }

    private Mono<Void> broken(Fault fault, Mono<Void> disruption) {
        strike(fault, 0);
        return disruption.then(Mono.never());
    }

    private void strike(Fault fault, int status) {
        simulation.counters.fault(fault.label());
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
        simulation.log(uri.path(), received, outcome, status, null);
    }

    private void describe(CharSequence contentType, String requestId) {
        HttpHeaders headers = response.responseHeaders();
        headers.set(HttpHeaderNames.CONTENT_TYPE, contentType);
        wire.headers(headers, requestId, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedNanos));
    }

    private Mono<Void> send(int status, byte[] body) {
        return response.status(status)
                .send(Mono.just(Unpooled.wrappedBuffer(body)))
                .then();
    }

    /** By a timer of the event loop: no thread, and gone when cancelled. */
    private Mono<Void> after(Duration delay) {
        return Mono.create(sink -> {
            var timer = channel.eventLoop().schedule(() -> sink.success(), delay.toNanos(), TimeUnit.NANOSECONDS);
            sink.onDispose(() -> timer.cancel(false));
        });
    }
}
