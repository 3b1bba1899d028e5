package io.headrace.provider.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.admission.Gate;
import io.headrace.batch.BatchApi;
import io.headrace.batch.BatchJob;
import io.headrace.layer.CallStack;
import io.headrace.layer.ChatStream;
import io.headrace.model.ChatDelta;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.openai.OpenAi;
import io.headrace.testkit.Fault;
import io.headrace.testkit.Latency;
import io.headrace.testkit.SimulatedProvider;
import io.netty.buffer.ByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Signal;
import reactor.core.publisher.Sinks;
import reactor.netty.resources.LoopResources;

/** Calls and streams that are broken off or cancelled at any moment leave no buffer, connection or thread. */
@Timeout(180)
class LeakTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    /** A cancelled stream takes its connection along, and each new one may cost a handshake. */
    private static final Duration LATE = Duration.ofSeconds(60);

    private static final List<Fault> FAULTS = List.of(
            Fault.resetBeforeRead(),
            Fault.resetAfterRead(),
            Fault.cutBody(),
            Fault.goAway(),
            Fault.refusedStream(),
            Fault.overloaded());

    private static final List<Fault> STREAM_FAULTS = List.of(
            Fault.cutStream(0),
            Fault.cutStream(3),
            Fault.endStream(3),
            Fault.stallStream(2),
            Fault.malformedEvent(2),
            Fault.errorEvent(1),
            Fault.dribble(7, Duration.ofMillis(1)),
            Fault.resetAfterRead(),
            Fault.goAway(),
            Fault.serverError());

    /** The number of a call that meets no fault. */
    private static final int NO_FAULT = STREAM_FAULTS.size();

    @Test
    void detectorOfThisTest_findsALeak() {
        assertThat(reportedLeaks(() -> ByteBufAllocator.DEFAULT.buffer(64))).contains("LEAK");
        assertThat(LeakGuard.takeFound()).as("what fails a class of tests").contains("ByteBuf");
    }

    @ParameterizedTest
    @EnumSource
    void brokenAndCancelledCalls_leaveNothing(Protocol protocol) {
        leaveNothing(protocol, FAULTS, (transport, server) -> {
            HttpEndpoint endpoint = Protocol.endpoint(transport, server);
            breakCalls(endpoint, server, some(200, protocol));
            cancelCalls(endpoint, some(200, protocol));
            answerAll(endpoint);
        });
    }

    @ParameterizedTest
    @EnumSource
    void brokenAndCancelledStreams_leaveNothing(Protocol protocol) {
        leaveNothing(protocol, STREAM_FAULTS, (transport, server) -> {
            Function<Integer, Flux<ChatDelta>> streams = streams(transport, server);
            breakStreams(streams, server, some(60, protocol));
            cancelStreamsByTime(streams, some(60, protocol));
            cancelStreamsByDelta(streams, server, some(60, protocol));
            answerAllStreams(streams);
        });
    }

    @ParameterizedTest
    @EnumSource
    void callsCancelledAtAHandOver_leaveNothing(Protocol protocol) {
        leaveNothing(protocol, List.of(), (transport, server) -> {
            HttpEndpoint endpoint = Protocol.endpoint(transport, server);
            assertThat(cancelAtHandOvers(Protocol.post(endpoint).flux())).isGreaterThan(2);
        });
    }

    @ParameterizedTest
    @EnumSource
    void streamsCancelledAtAHandOver_leaveNothing(Protocol protocol) {
        leaveNothing(protocol, List.of(), (transport, server) -> {
            Function<Integer, Flux<ChatDelta>> streams = streams(transport, server);
            assertThat(cancelAtHandOvers(streams.apply(NO_FAULT))).isGreaterThan(2);
        });
    }

    /** The other way: bodies that stream to the server and from it, of any length. */
    @ParameterizedTest
    @EnumSource
    void brokenAndCancelledTransfersOfBatches_leaveNothing(Protocol protocol) {
        leaveNothing(protocol, List.of(), (transport, server) -> {
            BatchApi<ChatRequest, ChatResponse> api = openAi(transport, server).chatBatches();
            BatchJob job = upload(api, 400).flatMap(made -> api.job(made.id())).block(SOON);
            assertThat(job).isNotNull();
            for (int i = 0; i < 12; i++) {
                if (i % 3 == 0) {
                    server.failNext(1, i % 2 == 0 ? Fault.cutBody() : Fault.resetAfterRead());
                }
                breakOff(api.results(job), i);
                if (i % 3 == 1) {
                    server.failNext(1, i % 2 == 0 ? Fault.overloaded() : Fault.resetBeforeRead());
                }
                breakOff(upload(api, 2_000).flux(), i);
                breakOff(
                        api.submit(
                                        "broken",
                                        lines(api, 2_000)
                                                .concatWith(Mono.error(new IllegalStateException("no more lines"))),
                                        handle -> Mono.empty())
                                .flux(),
                        i);
            }
            assertThat(api.results(job).retry(5).count().block(SOON)).isEqualTo(400);
        });
    }

    /** Cancels early, late, between two elements, or leaves it to the fault. */
    private static void breakOff(Flux<?> transfer, int i) {
        Flux<?> broken = switch (i % 4) {
            case 0 -> transfer;
            case 1 -> transfer.take(7L * i);
            case 2 -> transfer.takeUntilOther(Mono.delay(Duration.ofMillis(i)));
            default ->
                transfer.concatMap(each -> Mono.delay(Duration.ofMillis(1)), 1).take(5);
        };
        broken.then().onErrorComplete().block(SOON);
    }

    private static Mono<BatchJob> upload(BatchApi<ChatRequest, ChatResponse> api, int count) {
        return api.submit("leaks", lines(api, count), handle -> Mono.empty());
    }

    private static Flux<byte[]> lines(BatchApi<ChatRequest, ChatResponse> api, int count) {
        ChatRequest request =
                ChatRequest.builder("m").user("The duck swims. ".repeat(20)).build();
        return Flux.range(0, count).map(i -> api.encode("id-" + i, request));
    }

    /** Cancels at the first moment at which the client's operators hand a connection on, then at the second, to the last. */
    private static int cancelAtHandOvers(Flux<?> call) {
        for (int number = 1; ; number++) {
            Sinks.Empty<Void> stop = Sinks.empty();
            try (HandOvers handOvers = new HandOvers(number, stop::tryEmitEmpty)) {
                call.takeUntilOther(stop.asMono()).blockLast(SOON);
                if (!handOvers.acted()) {
                    return number - 1;
                }
            }
        }
    }

    /** Fewer where each call that breaks costs a handshake, which is most of the time that this test takes. */
    private static int some(int calls, Protocol protocol) {
        return protocol == Protocol.HTTP_1_TLS ? calls / 3 : calls;
    }

    /** A call whose text is marked with the number of a fault meets it, all others are answered. */
    private static void leaveNothing(
            Protocol protocol, List<Fault> faults, BiConsumer<HttpTransport, SimulatedProvider> work) {
        CountedBuffers buffers = new CountedBuffers();
        String leaks = reportedLeaks(() -> {
            LoopResources loops = LoopResources.create("leak-test", 2, true);
            try (SimulatedProvider server = protocol.server(100)
                    .latency(Latency.fixed(Duration.ofMillis(5)))
                    .gzip()
                    .start()) {
                for (int i = 0; i < faults.size(); i++) {
                    String mark = "fault " + i + " ";
                    server.failWhen(request -> request.body().contains(mark), faults.get(i));
                }
                HttpTransport transport =
                        buffers.into(protocol.client(server)).eventLoops(loops).build();

                work.accept(transport, server);

                transport.disposeLater().block(SOON);
                awaitNone(
                        protocol + ": connections open at the server",
                        () -> server.connections().open());
                awaitNone(
                        protocol + ": requests in flight at the server",
                        () -> server.statistics().inFlight());
            }
            loops.disposeLater(Duration.ZERO, SOON).block(SOON);
        });

        assertThat(buffers.told())
                .as("%s: buffers that the client took and did not give back", protocol)
                .isEmpty();
        assertThat(leaks).as("%s: what Netty's detector found", protocol).isEmpty();
        // a loop says that it has ended before its thread has
        ProtocolsTest.await(() -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith("leak-test")));
    }

    private static void awaitNone(String what, IntSupplier count) {
        try {
            ProtocolsTest.await(() -> count.getAsInt() == 0);
        } catch (AssertionError e) {
            throw new AssertionError(what + ": " + count.getAsInt(), e);
        }
    }

    private static Function<Integer, Flux<ChatDelta>> streams(HttpTransport transport, SimulatedProvider server) {
        OpenAi openAi = openAi(transport, server);
        // one that keeps permits and learns nothing from all the faults: it would make the healthy calls wait
        Gate gate =
                Gate.builder("leaks").concurrency(200).noBreaker().notAdaptive().build();
        ChatStream chat =
                ChatStream.of(CallStack.chat(openAi.chat()).noRetry().gate(gate).build());
        return i -> chat.apply(
                ChatRequest.builder("m").user(text(i, STREAM_FAULTS.size())).build());
    }

    @SuppressWarnings("MustBeClosedChecker") // its transport is closed
    private static OpenAi openAi(HttpTransport transport, SimulatedProvider server) {
        return OpenAi.builder()
                .baseUrl(server.baseUrl() + "/v1")
                .apiKey("any")
                .transport(transport)
                .build();
    }

    /** As with calls; one that would stall is cancelled when it has brought what it will. */
    private static void breakStreams(Function<Integer, Flux<ChatDelta>> streams, SimulatedProvider server, int count) {
        long broken = Flux.range(0, count)
                .doOnNext(i -> {
                    if (i % 40 == 39) {
                        server.dropConnections();
                    }
                })
                .flatMap(
                        i -> streams.apply(i)
                                .timeout(Duration.ofMillis(250))
                                .ignoreElements()
                                .materialize(),
                        20,
                        1)
                .filter(Signal::isOnError)
                .count()
                .block(LATE);
        assertThat(broken).isGreaterThan(count / 3);
    }

    /** Cancels after 0 to 15 ms, where an answer begins after 5. */
    private static void cancelStreamsByTime(Function<Integer, Flux<ChatDelta>> streams, int count) {
        Flux.range(0, count)
                .flatMap(
                        i -> streams.apply(i)
                                .onErrorResume(ApiException.class, error -> Mono.empty())
                                .takeUntilOther(Mono.delay(Duration.ofNanos(15_000_000L * i / count))),
                        20,
                        1)
                .blockLast(LATE);
    }

    /** Cancels with a delta, between two of them, and while nobody asks for more. */
    private static void cancelStreamsByDelta(
            Function<Integer, Flux<ChatDelta>> streams, SimulatedProvider server, int count) {
        Flux.range(0, count)
                .doOnNext(i -> {
                    if (i == count / 2) {
                        server.dropConnections(); // while some hold back what came
                    }
                })
                .flatMap(
                        i -> {
                            int most = i / 3 % 12;
                            Flux<ChatDelta> deltas = streams.apply(i);
                            Flux<ChatDelta> cancelled = switch (i % 3) {
                                case 0 -> deltas.take(most);
                                case 1 -> deltas.takeUntilOther(Mono.delay(Duration.ofMillis(5 + most)));
                                default ->
                                    deltas.concatMap(
                                                    delta -> Mono.delay(Duration.ofMillis(2))
                                                            .thenReturn(delta),
                                                    1)
                                            .take(most);
                            };
                            return cancelled
                                    .onErrorResume(ApiException.class, error -> Mono.empty())
                                    .take(Duration.ofMillis(200));
                        },
                        20,
                        1)
                .blockLast(LATE);
    }

    /** Which would hang if those before had kept a permit or a place in the ramp. */
    private static void answerAllStreams(Function<Integer, Flux<ChatDelta>> streams) {
        assertThat(Flux.range(0, 40)
                        .flatMap(i -> streams.apply(NO_FAULT).retry(5).last(), 20, 1)
                        .filter(ChatDelta.End.class::isInstance)
                        .count()
                        .block(LATE))
                .isEqualTo(40);
    }

    /** Every second call meets a fault, and now and then the connections drop under all of them. */
    private static void breakCalls(HttpEndpoint endpoint, SimulatedProvider server, int count) {
        long broken = Flux.range(0, count)
                .doOnNext(i -> {
                    if (i % 100 == 99) {
                        server.dropConnections();
                    }
                })
                .flatMap(i -> Protocol.post(endpoint, text(i, FAULTS.size())).materialize(), 20, 1)
                .filter(outcome -> outcome.getThrowable() instanceof ApiException)
                .count()
                .block(SOON);
        assertThat(broken).isGreaterThan(count / 3);
    }

    /** Cancels after 0 to 9 ms, where an answer takes 5. */
    private static void cancelCalls(HttpEndpoint endpoint, int count) {
        Flux.range(0, count)
                .flatMap(
                        i -> Protocol.post(endpoint, text(i, FAULTS.size()))
                                .onErrorResume(ApiException.class, error -> Mono.empty())
                                .takeUntilOther(Mono.delay(Duration.ofNanos(9_000_000L * i / count))),
                        20,
                        1)
                .blockLast(SOON);
    }

    private static String text(int i, int faults) {
        return "fault " + i % (2 * faults) + " of call " + i;
    }

    /** Which would hang if those before had kept their places in the ramp. */
    private static void answerAll(HttpEndpoint endpoint) {
        assertThat(Flux.range(0, 100)
                        // an HTTP/2 connection may still be going down
                        .flatMap(i -> Protocol.post(endpoint, "answered " + i).retry(5), 100, 1)
                        .filter(answer -> answer.status() == 200)
                        .count()
                        .block(SOON))
                .isEqualTo(100);
    }

    /** What Netty's detector, which watches every buffer here, says of those that {@code work} lost. */
    private static String reportedLeaks(Runnable work) {
        PrintStream before = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            work.run();
            LeakGuard.collect();
        } finally {
            System.setErr(before);
        }
        return said.toString(StandardCharsets.UTF_8)
                .lines()
                .dropWhile(line -> !line.contains("LEAK"))
                .limit(60)
                .reduce("", (a, b) -> a + b + "\n");
    }
}
