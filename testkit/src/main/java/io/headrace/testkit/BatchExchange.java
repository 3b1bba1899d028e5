package io.headrace.testkit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;
import tools.jackson.core.JacksonException;

/** One request about files or batches, on its way to its answer or its fault. Bodies of uploads and files go through in pieces. */
final class BatchExchange extends Exchange {

    private static final int PIECE_BYTES = 16 << 10;

    private final BatchStore store;
    private final Wire wire;
    private final @Nullable BatchAction action;
    private final QueryStringDecoder uri;

    private BatchExchange(
            Simulation simulation,
            BatchStore store,
            Wire wire,
            @Nullable BatchAction action,
            QueryStringDecoder uri,
            HttpServerRequest request,
            HttpServerResponse response) {
        super(simulation, request, response, uri.path());
        this.store = store;
        this.wire = wire;
        this.action = action;
        this.uri = uri;
    }

    static Mono<Void> serve(
            Simulation simulation,
            BatchStore store,
            Wire wire,
            @Nullable BatchAction action,
            QueryStringDecoder uri,
            HttpServerRequest request,
            HttpServerResponse response) {
        return new BatchExchange(simulation, store, wire, action, uri, request, response).served();
    }

    @Override
    Mono<Void> run() {
        String method = request.method().name();
        if (action == null) {
            return reject(wire, wire.methodNotAllowed(method, uri.path()));
        }
        HttpHeaders headers = request.requestHeaders();
        Wire.Problem problem = simulation.checkKey(wire, wire.key(headers));
        if (problem != null) {
            return reject(wire, problem);
        }
        if (simulation.script.takeResetBeforeRead()) {
            return reset(Fault.resetBeforeRead());
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
                        .then(Mono.defer(() -> reset(fault)));
            }
            Path path = store.newPath();
            return stored(path).then(Mono.defer(() -> act(NOTHING, path, fault)));
        });
    }

    /** Notes the request and decides its fault. */
    private Mono<Void> decided(byte[] body, Function<@Nullable Fault, Mono<Void>> next) {
        BodyDigest digest = BodyDigest.of(body);
        SimulatedRequest asked = new SimulatedRequest(uri.path(), request.requestHeaders(), body, digest, 1);
        received(asked);
        SplittableRandom random = simulation.random(asked);
        Fault fault = simulation.script.decide(asked, random);
        Duration latency = simulation.latency(random);
        if (fault instanceof Fault.Refusal refusal) {
            return refuse(fault, wire, wire.refusal(refusal));
        }
        if (fault instanceof Fault.RateLimited limited) {
            wire.retryAfter(response.responseHeaders(), limited.retryAfter());
            return refuse(fault, wire, wire.rateLimited(limited, "batches"));
        }
        if (fault instanceof Fault.Verbatim verbatim) {
            return verbatim(verbatim);
        }
        if (fault == Fault.stall()) {
            return stall();
        }
        if (fault == Fault.resetBeforeRead()) {
            return reset(fault);
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
                .onErrorResume(BatchReply.RefusedException.class, e -> reject(wire, e.problem()))
                .onErrorResume(JacksonException.class, e -> reject(wire, wire.notJson(e.getOriginalMessage())));
    }

    private Mono<Void> reply(BatchReply reply, @Nullable Fault fault) {
        if (fault instanceof Fault.Acceptance acceptance) {
            if (acceptance.stalls()) {
                strike(fault, 0);
                return Mono.never();
            }
            return reset(fault);
        }
        boolean isCut = fault == Fault.cutBody();
        if (fault != null && !isCut) {
            return reset(fault);
        }
        String requestId = simulation.nextRequestId();
        if (reply instanceof BatchReply.Value value) {
            describe(wire, HttpHeaderValues.APPLICATION_JSON, requestId);
            byte[] json = value.json();
            ended(fault);
            if (!isCut) {
                return send(200, json);
            }
            response.responseHeaders().set(HttpHeaderNames.CONTENT_LENGTH, json.length);
            return send(200, Arrays.copyOf(json, json.length / 2)).then(Disruptions.cut(channel));
        }
        BatchReply.Content content = (BatchReply.Content) reply;
        describe(wire, content.contentType(), requestId);
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
            answered(1);
        } else {
            strike(fault, 200);
        }
    }
}
