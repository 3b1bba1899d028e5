package io.headrace.provider.http;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.test.StepVerifier;

@Timeout(60)
class HttpTransportTest extends RawExchanges {

    @Test
    void refusedConnection_isNotSent() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }

        ApiException error = fail(endpoint("http://127.0.0.1:" + port));

        assertFailed(error, ErrorKind.TRANSPORT, Delivery.NOT_SENT, "(not sent)");
        assertThat(error).hasMessageContaining(": Connection refused: ");
        assertThat(error.isTransient()).isTrue();
        assertThat(error.status()).isEmpty();
    }

    @Test
    void unknownHost_isNotSent() {
        HttpTransport transport = keep(HttpTransport.builder()
                .customize(client ->
                        client.resolver(spec -> spec.queryTimeout(ofMillis(300)).maxQueriesPerResolve(1)))
                .build());

        ApiException error = fail(transport.endpoint("p", URI.create("http://no-such-host.invalid/"), Map.of()));

        assertFailed(error, ErrorKind.TRANSPORT, Delivery.NOT_SENT, "no-such-host.invalid");
    }

    @Test
    void serverWithoutHttp2_isNamedAsTheReason() {
        RawServer server = serve(peer -> {
            peer.readHead();
            peer.write("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
        });
        HttpTransport transport = keep(HttpTransport.builder().http2WithoutTls().build());

        ApiException error = fail(transport.endpoint("p", URI.create(server.url()), Map.of()));

        assertFailed(error, ErrorKind.TRANSPORT, Delivery.NOT_SENT, "leave http2WithoutTls out");
        assertThat(error.isTransient()).isFalse();
    }

    @Test
    void wordsOnTheWay_areNotTheAnswer() {
        RawServer server = serve(peer -> {
            while (peer.readRequest()) {
                peer.write("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n")
                        .write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n")
                        .writeAnswer("{}");
            }
        });
        HttpEndpoint endpoint = endpoint(server);

        for (int i = 0; i < 10; i++) {
            assertThat(endpoint.post("m", HELLO, HELLO.length)
                            .block(ofSeconds(20))
                            .text(10))
                    .isEqualTo("{}");
        }
        // a call may begin before the connection of one before is back in the pool
        assertThat(server.accepted()).isLessThanOrEqualTo(5);
    }

    @Test
    void resetAfterTheRequestWasRead_hasUnknownOutcome() {
        RawServer server = serve(peer -> {
            peer.readRequest();
            peer.reset();
        });

        assertFailed(fail(endpoint(server)), ErrorKind.TRANSPORT, Delivery.UNKNOWN, "outcome unknown");
        assertThat(server.accepted()).as("no retry of its own").isEqualTo(1);
    }

    @Test
    void resetBeforeTheRequestWasRead_isATransportFailureSentOnce() {
        RawServer server = serve(RawServer.Peer::reset);

        ApiException error = fail(endpoint(server));

        assertThat(error.kind()).isEqualTo(ErrorKind.TRANSPORT);
        assertThat(error.delivery()).isIn(Delivery.NOT_SENT, Delivery.UNKNOWN);
        assertThat(server.accepted()).isEqualTo(1);
    }

    @Test
    void closeWithoutAnAnswer_hasUnknownOutcome() {
        RawServer server = serve(RawServer.Peer::readRequest);

        assertFailed(fail(endpoint(server)), ErrorKind.TRANSPORT, Delivery.UNKNOWN, "BEFORE response");
    }

    @Test
    void halfAHead_hasUnknownOutcome() {
        RawServer server = serve(peer -> {
            peer.readRequest();
            peer.write("HTTP/1.1 200 OK\r\ncontent-le");
        });

        assertFailed(fail(endpoint(server)), ErrorKind.TRANSPORT, Delivery.UNKNOWN, "outcome unknown");
    }

    @Test
    void cutBody_isAPartialAnswer() {
        RawServer server = serve(peer -> {
            peer.readRequest();
            peer.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"half\":");
        });

        ApiException error = fail(endpoint(server));

        assertFailed(error, ErrorKind.TRANSPORT, Delivery.UNKNOWN, "partial answer, 8 bytes");
        assertThat(error.status()).hasValue(200);
    }

    @Test
    void cutChunkedBody_isAPartialAnswer() {
        RawServer server = serve(peer -> {
            peer.readRequest();
            peer.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n");
        });

        assertFailed(fail(endpoint(server)), ErrorKind.TRANSPORT, Delivery.UNKNOWN, "partial answer, 5 bytes");
    }

    @Test
    void cutBodyOfAnError_staysThatError() {
        RawServer server = serve(peer -> {
            peer.readRequest();
            peer.write("HTTP/1.1 429 Too Many\r\nretry-after: 3\r\ncontent-length: 100\r\n\r\n{\"err");
        });

        StepVerifier.create(post(endpoint(server)))
                .assertNext(answer -> {
                    assertThat(answer.status()).isEqualTo(429);
                    assertThat(answer.header("Retry-After")).isEqualTo("3");
                    assertThat(answer.text(100)).isEqualTo("{\"err");
                })
                .verifyComplete();
    }

    @Test
    void whatIsNotHttp_isMalformed() {
        RawServer server = serve(peer -> {
            peer.readRequest();
            peer.write("SSH-2.0-OpenSSH_9.0\r\n\r\n");
            peer.awaitEnd();
        });

        assertFailed(fail(endpoint(server)), ErrorKind.MALFORMED_RESPONSE, Delivery.UNKNOWN, "not HTTP");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 %s no\r\n\r\n",
                "HTTP/1.1 200 OK\r\n%s\u0001: x\r\n\r\n",
                "HTTP/1.1 200 OK\r\ncontent-length: %s\r\n\r\n",
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n%s\r\n",
                "%s",
            })
    void keyInWhatIsNotHttp_isInNoErrorAndNoCause(String answer) {
        String key = "sk-0123456789abcdef";
        RawServer server = serve(peer -> {
            peer.readRequest();
            peer.write(answer.replace("%s", key));
        });
        HttpEndpoint endpoint = keep(HttpTransport.create())
                .endpoint(
                        "p",
                        URI.create(server.url() + "/v1"),
                        Map.of(),
                        Credentials.bearer(Secret.of("key", key)),
                        Clock.systemUTC());

        for (Throwable error = fail(endpoint); error != null; error = error.getCause()) {
            assertThat(error.toString()).doesNotContain(key);
        }
    }

    @Test
    void bodyAboveTheCap_isCutOff() {
        RawServer server = serve(peer -> {
            peer.readRequest();
            peer.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
            while (true) {
                peer.write("400\r\n" + "x".repeat(1024) + "\r\n");
            }
        });
        HttpTransport transport =
                keep(HttpTransport.builder().maxBodyBytes(100_000).build());

        ApiException error = fail(endpoint(transport, server));

        assertFailed(error, ErrorKind.MALFORMED_RESPONSE, Delivery.UNKNOWN, "maxBodyBytes, 100000");
        assertThat(error.isTransient()).isFalse();
        awaitNoneOpen(server);
    }

    @Test
    void bodyAtTheCap_isRead() {
        RawServer server = serve(peer -> {
            peer.readRequest();
            peer.writeAnswer("x".repeat(100_000));
        });
        HttpTransport transport =
                keep(HttpTransport.builder().maxBodyBytes(100_000).build());

        StepVerifier.create(post(endpoint(transport, server)))
                .assertNext(answer -> assertThat(answer.length()).isEqualTo(100_000))
                .verifyComplete();
    }

    @Test
    void longHead_isRead() {
        RawServer server = serve(peer -> {
            peer.readRequest();
            peer.write("HTTP/1.1 200 OK\r\nset-cookie: " + "x".repeat(30_000) + "\r\ncontent-length: 2\r\n\r\n{}");
        });

        StepVerifier.create(post(endpoint(server)))
                .assertNext(answer -> assertThat(answer.text(100)).isEqualTo("{}"))
                .verifyComplete();
    }

    @Test
    void chunksAndInterimAnswers_areRead() {
        RawServer server = serve(peer -> {
            while (peer.readRequest()) {
                peer.write("HTTP/1.1 100 Continue\r\n\r\n");
                peer.write(
                        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
            }
        });
        HttpEndpoint endpoint = endpoint(server);

        StepVerifier.create(post(endpoint).then(post(endpoint)))
                .assertNext(answer -> assertThat(answer.text(100)).isEqualTo("hello world"))
                .verifyComplete();
    }

    @Test
    void connectionClose_opensAnotherForTheNextCall() {
        RawServer server = serve(peer -> {
            peer.readRequest();
            peer.write("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}");
        });
        HttpEndpoint endpoint = endpoint(server);

        StepVerifier.create(Flux.range(0, 5).concatMap(i -> post(endpoint)))
                .expectNextCount(5)
                .verifyComplete();

        assertThat(server.accepted()).isEqualTo(5);
    }

    @Test
    void serverThatClosesBetweenCalls_neverSeesARequestTwice() {
        AtomicInteger requests = new AtomicInteger();
        RawServer server = serve(peer -> {
            if (peer.readRequest()) {
                requests.incrementAndGet();
                peer.writeAnswer("{}");
            }
        });
        HttpEndpoint endpoint = endpoint(server);

        List<Object> outcomes = Flux.range(0, 200)
                .concatMap(i -> post(endpoint).cast(Object.class).onErrorResume(Mono::just))
                .collectList()
                .block();

        long answered = outcomes.stream().filter(o -> o instanceof HttpAnswer).count();
        assertThat(requests.get()).isEqualTo((int) answered);
        assertThat(outcomes).allSatisfy(outcome -> {
            if (outcome instanceof ApiException error) {
                assertThat(error.kind()).isEqualTo(ErrorKind.TRANSPORT);
                assertThat(error.isTransient()).isTrue();
            }
        });
    }

    @Test
    void redirect_isNotFollowed() {
        RawServer server = serve(peer -> {
            peer.readRequest();
            peer.write("HTTP/1.1 307 Temporary\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n");
        });

        StepVerifier.create(post(endpoint(server)))
                .assertNext(answer -> assertThat(answer.status()).isEqualTo(307))
                .verifyComplete();
        assertThat(server.accepted()).isEqualTo(1);
    }

    @Test
    void cancelAtAnyMoment_closesTheConnectionAndLeavesTheTransportUsable() throws Exception {
        List<RawServer.Behaviour> moments = List.of(
                peer -> {},
                RawServer.Peer::readRequest,
                peer -> {
                    peer.readRequest();
                    peer.write("HTTP/1.1 200 OK\r\nconte");
                },
                peer -> {
                    peer.readRequest();
                    peer.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n");
                },
                peer -> {
                    peer.readRequest();
                    peer.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"half\":");
                });
        for (RawServer.Behaviour moment : moments) {
            CountDownLatch reached = new CountDownLatch(20);
            RawServer server = serve(peer -> {
                moment.on(peer);
                reached.countDown();
                peer.awaitEnd();
            });
            HttpEndpoint endpoint = endpoint(server);
            List<Throwable> errors = new ArrayList<>();
            List<Disposable> calls = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                calls.add(post(endpoint).subscribe(null, errors::add));
            }
            assertThat(reached.await(20, TimeUnit.SECONDS)).isTrue();
            calls.forEach(Disposable::dispose);
            awaitNoneOpen(server);
            assertThat(errors).isEmpty();
        }
    }

    @Test
    void cancelRightAfterSubscribing_leavesNothingOpen() {
        RawServer server = serve(peer -> {
            while (peer.readRequest()) {
                peer.writeAnswer("{}");
            }
        });
        HttpTransport transport = keep(HttpTransport.create());
        HttpEndpoint endpoint = endpoint(transport, server);

        for (int i = 0; i < 200; i++) {
            post(endpoint).subscribe().dispose();
        }

        StepVerifier.create(post(endpoint)).expectNextCount(1).verifyComplete();
        transport.close();
        awaitNoneOpen(server);
    }

    @Test
    void thousandCallsAtOnce_eachGetTheirOwnAnswer() {
        DisposableServer server = echo();
        HttpTransport transport = keep(HttpTransport.create());
        HttpEndpoint endpoint =
                transport.endpoint("p", URI.create("http://127.0.0.1:" + server.port() + "/"), Map.of());

        Set<String> answers = ConcurrentHashMap.newKeySet();
        StepVerifier.create(Flux.range(0, 1_200)
                        .flatMap(
                                i -> {
                                    byte[] body = ("call " + i).getBytes(StandardCharsets.UTF_8);
                                    return endpoint.post("m", body, body.length).doOnNext(answer -> {
                                        assertThat(answer.text(100)).isEqualTo("call " + i);
                                        answers.add(answer.text(100));
                                    });
                                },
                                1_000,
                                1)
                        .then())
                .verifyComplete();

        assertThat(answers).hasSize(1_200);
    }

    @Test
    void boundOnConnections_letsCallsWaitAndNoneFail() {
        DisposableServer server = echo();
        HttpTransport transport = keep(HttpTransport.builder().maxConnections(2).build());
        HttpEndpoint endpoint =
                transport.endpoint("p", URI.create("http://127.0.0.1:" + server.port() + "/"), Map.of());

        StepVerifier.create(Flux.range(0, 100).flatMap(i -> post(endpoint), 100, 1))
                .expectNextCount(100)
                .verifyComplete();
    }

    @Test
    void boundOnConnections_thatFreesNoneInTime_failsAsNotSent() {
        RawServer server = serve(peer -> {
            peer.readRequest();
            peer.awaitEnd();
        });
        HttpTransport transport = keep(HttpTransport.builder()
                .maxConnections(1)
                .totalTimeout(ofMillis(300))
                .build());
        HttpEndpoint endpoint = endpoint(transport, server);
        // the first holds the only connection, and its limit starts later, when it is sent
        List<ApiException> errors = Flux.range(0, 2)
                .flatMap(i ->
                        post(endpoint).then(Mono.<ApiException>empty()).onErrorResume(e -> Mono.just((ApiException) e)))
                .collectList()
                .block();

        assertThat(errors).extracting(ApiException::delivery).contains(Delivery.UNKNOWN);
        assertThat(errors).hasSize(2);
    }

    @Test
    void compressedAnswer_isUnpacked() {
        DisposableServer server = keepServer(HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .compress(true)
                .handle((request, response) -> response.sendString(Mono.just("{\"a\":\"" + "b".repeat(5000) + "\"}")))
                .bindNow());
        HttpEndpoint endpoint = keep(HttpTransport.create())
                .endpoint("p", URI.create("http://127.0.0.1:" + server.port() + "/"), Map.of());

        StepVerifier.create(post(endpoint))
                .assertNext(answer -> assertThat(answer.length()).isEqualTo(5008))
                .verifyComplete();
    }

    @Test
    void close_letsCallsInFlightEnd_andThenFreesTheirConnections() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch closed = new CountDownLatch(1);
        RawServer server = serve(peer -> {
            peer.readRequest();
            asked.countDown();
            closed.await();
            peer.writeAnswer("{}");
            peer.awaitEnd();
        });
        HttpTransport transport = HttpTransport.create();
        HttpEndpoint endpoint = endpoint(transport, server);

        StepVerifier.create(post(endpoint))
                .then(() -> {
                    await(asked);
                    transport.close();
                    closed.countDown();
                })
                .expectNextCount(1)
                .expectComplete()
                .verify(ofSeconds(20));

        awaitNoneOpen(server);
        assertFailed(fail(endpoint), ErrorKind.TRANSPORT, Delivery.NOT_SENT, "closed");
    }

    @Test
    void builder_refusesWhatCannotBe() {
        assertThatThrownBy(() -> HttpTransport.builder().connectTimeout(Duration.ZERO))
                .hasMessageContaining("connectTimeout");
        assertThatThrownBy(() -> HttpTransport.builder().idleTimeout(ofSeconds(-1)))
                .hasMessageContaining("idleTimeout");
        assertThatThrownBy(() -> HttpTransport.builder().maxConnections(0)).hasMessageContaining("maxConnections");
        assertThatThrownBy(() -> HttpTransport.builder().concurrency(0)).hasMessageContaining("concurrency");
        assertThatThrownBy(() -> HttpTransport.builder().maxBodyBytes(0)).hasMessageContaining("maxBodyBytes");
    }

    private DisposableServer echo() {
        return keepServer(HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .handle((request, response) ->
                        response.sendString(request.receive().aggregate().asString()))
                .bindNow());
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
