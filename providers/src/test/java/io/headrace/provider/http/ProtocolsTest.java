package io.headrace.provider.http;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.provider.OneOfFive;
import io.headrace.testkit.Fault;
import io.headrace.testkit.Latency;
import io.headrace.testkit.SimulatedProvider;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/** What holds for HTTP/1.1 and HTTP/2, with and without TLS: the same answers, the same errors, and few connections. */
@Timeout(60)
class ProtocolsTest {

    private SimulatedProvider server = SimulatedProvider.builder().start();
    private HttpTransport transport = HttpTransport.create();

    @AfterEach
    void close() {
        transport.close();
        server.close();
    }

    private HttpEndpoint start(Protocol protocol) {
        return start(protocol, protocol.server(100), settings -> settings);
    }

    private HttpEndpoint start(
            Protocol protocol, SimulatedProvider.Builder provider, UnaryOperator<HttpTransport.Builder> settings) {
        server.close();
        server = provider.start();
        transport = settings.apply(protocol.client(server)).build();
        return Protocol.endpoint(transport, server);
    }

    @ParameterizedTest
    @EnumSource
    void callsOneByOne_useOneConnection(Protocol protocol) {
        HttpEndpoint endpoint = start(protocol);

        assertThat(count(Flux.range(0, 30).concatMap(i -> Protocol.post(endpoint))))
                .isEqualTo(30);

        assertThat(server.connections().opened()).isLessThanOrEqualTo(connectionsOfCallsOneByOne(protocol));
    }

    /** Over HTTP/1.1 a call may begin before the connection of one before is back in the pool, which the thread of that one brings. */
    private static int connectionsOfCallsOneByOne(Protocol protocol) {
        return protocol.isHttp2() ? 1 : 5;
    }

    @ParameterizedTest
    @EnumSource
    void endpointsOfOneTransport_shareConnections(Protocol protocol) {
        start(protocol);

        assertThat(count(Flux.range(0, 10).concatMap(i -> Protocol.post(Protocol.endpoint(transport, server)))))
                .isEqualTo(10);

        assertThat(server.connections().opened()).isLessThanOrEqualTo(connectionsOfCallsOneByOne(protocol));
    }

    @ParameterizedTest
    @EnumSource
    void query_goesWithItsOwnRequestOnly(Protocol protocol) {
        HttpEndpoint chat = start(protocol);
        HttpEndpoint models = transport.endpoint(
                "p",
                URI.create(server.baseUrl() + "/v1/models?limit=1"),
                Map.of("x-api-key", "a-long-secret-key", "anthropic-version", "2023-06-01"));
        for (int i = 0; i < 3; i++) {
            HttpAnswer page = models.post("models", new byte[0], 0).block(ofSeconds(20));
            assertThat(page.text(10_000)).contains("\"has_more\":true");
            answer(chat);
        }
    }

    @ParameterizedTest
    @EnumSource
    void packedAnswer_isUnpacked(Protocol protocol) {
        HttpEndpoint endpoint = start(protocol, protocol.server(100).gzip(), settings -> settings);

        HttpAnswer answer = answer(endpoint);

        assertThat(answer.text(1_000)).startsWith("{\"id\":").contains("duck");
    }

    @ParameterizedTest
    @EnumSource
    void resets_haveUnknownOutcome(Protocol protocol) {
        HttpEndpoint endpoint = start(protocol);
        for (Fault fault : List.of(Fault.resetAfterRead(), Fault.resetBeforeRead())) {
            server.failNext(1, fault);
            ApiException error = failure(endpoint);
            assertThat(error.kind()).isEqualTo(ErrorKind.TRANSPORT);
            assertThat(error.delivery()).isEqualTo(Delivery.UNKNOWN);
            assertThat(error).hasMessageContaining("sent, outcome unknown");
            assertThat(error.status()).isEmpty();
            assertThat(server.statistics().faults(fault.label()))
                    .as("sent once")
                    .isEqualTo(1);
        }
        answer(endpoint);
    }

    @ParameterizedTest
    @EnumSource
    void cutBody_isAPartialAnswer_andKeepsTheRequestId(Protocol protocol) {
        HttpEndpoint endpoint = start(protocol);
        server.failNext(1, Fault.cutBody());

        ApiException error = failure(endpoint);

        assertThat(error.kind()).isEqualTo(ErrorKind.TRANSPORT);
        assertThat(error.delivery()).isEqualTo(Delivery.UNKNOWN);
        assertThat(error).hasMessageContaining("partial answer, ");
        assertThat(error.status()).hasValue(200);
        assertThat(error.requestId()).get().asString().startsWith("req_");
        answer(endpoint);
    }

    @ParameterizedTest
    @EnumSource
    void stall_timesOut_andEndsOnTheServerToo(Protocol protocol) {
        HttpEndpoint endpoint =
                start(protocol, protocol.server(100), settings -> settings.firstByteTimeout(ofMillis(300)));
        server.failNext(1, Fault.stall());

        ApiException error = failure(endpoint);

        assertThat(error.kind()).isEqualTo(ErrorKind.TIMEOUT);
        assertThat(error.delivery()).isEqualTo(Delivery.UNKNOWN);
        await(() -> server.statistics().inFlight() == 0);
        // a machine that stands still for so long is silent too
        assertThat(Protocol.post(endpoint).retry(5).block(ofSeconds(20)).status())
                .isEqualTo(200);
    }

    @ParameterizedTest
    @EnumSource
    void refusals_areAnswers(Protocol protocol) {
        HttpEndpoint endpoint = start(protocol);
        server.failNext(1, Fault.rateLimited(ofSeconds(3)));

        HttpAnswer answer = answer(endpoint);

        assertThat(answer.status()).isEqualTo(429);
        assertThat(answer.header("retry-after")).isEqualTo("3");
    }

    @ParameterizedTest
    @EnumSource
    void requestThatTheServerDidNotTake_isRefused_whereTheProtocolCanSaySo(Protocol protocol) {
        HttpEndpoint endpoint = start(protocol);
        for (Fault fault : List.of(Fault.refusedStream(), Fault.goAway())) {
            answer(endpoint); // so that it is not the first stream
            server.failNext(1, fault);

            ApiException error = failure(endpoint);

            assertThat(error.kind()).isEqualTo(ErrorKind.TRANSPORT);
            assertThat(error.isTransient()).isTrue();
            assertThat(error.delivery()).isEqualTo(protocol.isHttp2() ? Delivery.REFUSED : Delivery.UNKNOWN);
            if (protocol.isHttp2()) {
                assertThat(error).hasMessageContaining("did not take the request");
            }
        }
        answer(endpoint);
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP_2", "HTTP_2_PLAIN"})
    void goAway_letsTheCallsBeforeItEnd_andTheNextTakeAnotherConnection(Protocol protocol) {
        HttpEndpoint endpoint =
                start(protocol, protocol.server(100).latency(Latency.fixed(ofMillis(400))), settings -> settings);
        Mono<List<HttpAnswer>> before = Flux.range(0, 20)
                .flatMap(i -> Protocol.post(endpoint), 20, 1)
                .collectList()
                .cache();
        before.subscribe();
        await(() -> server.requests().size() == 20);
        server.failWhen(request -> request.body().contains("late"), Fault.goAway());

        assertThat(failure(Protocol.post(endpoint, "late")).delivery()).isEqualTo(Delivery.REFUSED);
        answer(endpoint);

        assertThat(before.block(ofSeconds(20))).hasSize(20);
        assertThat(server.connections().opened()).isEqualTo(2);
    }

    @ParameterizedTest
    @EnumSource
    void droppedConnections_failTheirCallsAndNoOther(Protocol protocol) {
        HttpEndpoint endpoint = start(protocol);
        server.failWhen(request -> true, Fault.stall());
        List<Throwable> errors = new CopyOnWriteArrayList<>();
        for (int i = 0; i < 50; i++) {
            Protocol.post(endpoint).subscribe(null, errors::add);
        }
        await(() -> server.statistics().inFlight() == 50);

        server.dropConnections();
        await(() -> errors.size() == 50);

        assertThat(errors)
                .allSatisfy(
                        error -> assertThat(((ApiException) error).delivery()).isEqualTo(Delivery.UNKNOWN));
        server.clearScript();
        answer(endpoint);
    }

    @ParameterizedTest
    @EnumSource
    void cancel_endsTheCallOnTheServer_andNoOther(Protocol protocol) {
        HttpEndpoint endpoint =
                start(protocol, protocol.server(100).latency(Latency.fixed(ofMillis(500))), settings -> settings);
        Mono<HttpAnswer> kept = Protocol.post(endpoint).cache();
        kept.subscribe();
        server.failWhen(request -> request.body().contains("stalled"), Fault.stall());
        List<Disposable> calls = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            calls.add(Protocol.post(endpoint, "stalled").subscribe());
        }
        await(() -> server.statistics().faults("stall") == 20);

        calls.forEach(Disposable::dispose);

        await(() -> server.statistics().inFlight() <= 1);
        assertThat(kept.block(ofSeconds(20)).status()).isEqualTo(200);
        await(() -> server.statistics().inFlight() == 0);
    }

    @ParameterizedTest
    @EnumSource
    void close_letsCallsInFlightEnd(Protocol protocol) {
        HttpEndpoint endpoint =
                start(protocol, protocol.server(100).latency(Latency.fixed(ofMillis(500))), settings -> settings);
        Mono<List<HttpAnswer>> calls = Flux.range(0, 10)
                .flatMap(i -> Protocol.post(endpoint), 10, 1)
                .collectList()
                .cache();
        calls.subscribe();
        await(() -> server.requests().size() == 10);

        transport.close();

        assertThat(calls.block(ofSeconds(20))).hasSize(10);
        await(() -> server.connections().open() == 0);
        assertThat(failure(endpoint).delivery()).isEqualTo(Delivery.NOT_SENT);
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP_2", "HTTP_2_PLAIN"})
    void concurrentStreams_shareAsFewConnectionsAsTheServerAllows(Protocol protocol) {
        HttpEndpoint endpoint =
                start(protocol, protocol.server(50).latency(Latency.fixed(ofMillis(50))), settings -> settings);

        assertThat(count(Flux.range(0, 500).flatMap(i -> Protocol.post(endpoint), 300, 1)))
                .isEqualTo(500);

        assertThat(server.connections().opened()).as("%s", server.connections()).isLessThanOrEqualTo(300 / 50 + 1);
        assertThat(server.connections().maxStreams()).isLessThanOrEqualTo(50);
    }

    @Test
    void deadHttp2Connection_isFoundByAPing_andTakesNoFurtherCall() throws Exception {
        OneOfFive.passes(this::findADeadHttp2Connection);
    }

    private void findADeadHttp2Connection() throws Exception {
        transport.close();
        server.close();
        server = Protocol.HTTP_2.server(100).start();
        try (ProxyServer way = new ProxyServer(server.port(), "")) {
            transport = Protocol.HTTP_2
                    .client(server)
                    .maxIdleTime(ofMillis(300))
                    .proxy(HttpProxy.of("127.0.0.1", way.port()).except())
                    .build();
            HttpEndpoint endpoint = Protocol.endpoint(transport, server);
            answer(endpoint);
            way.freeze();

            ApiException error = failure(endpoint);
            way.thaw();

            assertThat(error.kind()).isEqualTo(ErrorKind.TRANSPORT);
            assertThat(error.delivery()).isEqualTo(Delivery.UNKNOWN);
            answer(endpoint);
            assertThat(way.heads()).hasSize(2);
        }
    }

    @Test
    void maxStreams_boundsTheCallsOfAConnection() {
        HttpEndpoint endpoint = start(
                Protocol.HTTP_2,
                Protocol.HTTP_2.server(100).latency(Latency.fixed(ofMillis(50))),
                settings -> settings.maxStreams(10));

        assertThat(count(Flux.range(0, 100).flatMap(i -> Protocol.post(endpoint), 40, 1)))
                .isEqualTo(100);

        // on a busy machine fewer calls are there at once, and three connections may do
        assertThat(server.connections().opened()).isBetween(2L, 5L);
        assertThat(server.connections().maxStreams()).isEqualTo(10);
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP_1", "HTTP_1_TLS"})
    void serverWithoutHttp2_isSpokenToInHttp1(Protocol protocol) {
        HttpEndpoint endpoint = start(protocol, protocol.server(100), HttpTransport.Builder::http2);

        assertThat(count(Flux.range(0, 200).flatMap(i -> Protocol.post(endpoint), 50, 1)))
                .isEqualTo(200);

        assertThat(server.connections().maxStreams()).isZero();
        assertThat(server.connections().opened()).isLessThanOrEqualTo(60);
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP_1_TLS", "HTTP_2"})
    void hundredsOfColdCalls_loseNone(Protocol protocol) {
        HttpEndpoint endpoint =
                start(protocol, protocol.server(100).latency(Latency.fixed(ofMillis(100))), settings -> settings);

        assertThat(count(Flux.range(0, 400)
                        .flatMap(i -> Protocol.post(endpoint), 400, 1)
                        .filter(answer -> answer.status() == 200)))
                .isEqualTo(400);

        assertThat(server.connections().failedHandshakes()).isZero();
        assertThat(server.connections().opened()).isLessThanOrEqualTo(protocol.isHttp2() ? 400 / 100 + 1 : 400);
    }

    /** How many answers there are, if all end well. */
    private static long count(Flux<HttpAnswer> answers) {
        return answers.count().blockOptional(ofSeconds(50)).orElseThrow();
    }

    /** The answer to a call that is made again if it surely was not done: on an HTTP/2 connection that is just going down. */
    private static HttpAnswer answer(HttpEndpoint endpoint) {
        return Protocol.post(endpoint)
                .retryWhen(Retry.max(3)
                        .filter(error -> ((ApiException) error).delivery().compareTo(Delivery.UNKNOWN) < 0))
                .block(ofSeconds(20));
    }

    private static ApiException failure(HttpEndpoint endpoint) {
        return failure(Protocol.post(endpoint));
    }

    private static ApiException failure(Mono<?> call) {
        return (ApiException) call.then(Mono.<Throwable>empty())
                .onErrorResume(Mono::just)
                .blockOptional(ofSeconds(20))
                .orElseThrow();
    }

    static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + ofSeconds(20).toNanos();
        while (!condition.getAsBoolean() && System.nanoTime() - end < 0) {
            LockSupport.parkNanos(1_000_000); // a busy wait would take a core from those it waits for
        }
        assertThat(condition.getAsBoolean()).isTrue();
    }
}
