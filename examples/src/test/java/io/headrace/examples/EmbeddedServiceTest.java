package io.headrace.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.cache.InMemoryCache;
import io.headrace.cache.ResponseCache;
import io.headrace.provider.openai.OpenAi;
import io.headrace.testkit.Fault;
import io.headrace.testkit.Latency;
import io.headrace.testkit.SimulatedProvider;
import io.headrace.testkit.SimulatorStatistics;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Scanner;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.ByteBufFlux;
import reactor.netty.DisposableServer;
import reactor.netty.http.client.HttpClient;
import reactor.test.StepVerifier;

@Timeout(60)
class EmbeddedServiceTest {

    private final SimulatedProvider provider = SimulatedProvider.builder()
            .latency(Latency.fixed(Duration.ofMillis(20)))
            .start();
    private final OpenAi openAi =
            OpenAi.builder().baseUrl(provider.baseUrl() + "/v1").apiKey("any").build();
    private final ResponseCache cache = InMemoryCache.create();
    private final DisposableServer server = EmbeddedService.start(0, openAi, cache);

    @AfterEach
    void close() {
        server.disposeNow();
        cache.close();
        openAi.close();
        provider.close();
    }

    @Test
    void topics_areAskedForOnceAndThenCached() {
        StepVerifier.create(post("The court ruled on the contract.").repeat(2))
                .expectNext("[\"court\",\"contract\",\"ruled\"]")
                .expectNext("[\"court\",\"contract\",\"ruled\"]")
                .expectNext("[\"court\",\"contract\",\"ruled\"]")
                .verifyComplete();

        assertThat(provider.statistics().requests()).isEqualTo(1);
        assertThat(get("/stats").block()).isEqualTo("3 calls, 2 by the cache");
    }

    @Test
    void manyRequests_areWithTheProviderTwentyAtATime() {
        StepVerifier.create(Flux.range(0, 100).flatMap(i -> post("The bread number " + i), 100, 1))
                .expectNextCount(100)
                .verifyComplete();

        assertThat(provider.statistics().maxInFlight()).isBetween(2, 20);
    }

    @Test
    void aCallThatFails_isToldByItsKind() {
        provider.failNext(1, Fault.quotaExhausted());

        StepVerifier.create(post("The court ruled."))
                .expectNext("502: the provider failed: quota-exhausted")
                .verifyComplete();
    }

    @Test
    void aClientThatGoesAway_cancelsItsCall() {
        provider.failNext(1, Fault.stall());

        StepVerifier.create(post("The court ruled.").takeUntilOther(until(now -> now.inFlight() == 1)))
                .verifyComplete();
        StepVerifier.create(until(now -> now.inFlight() == 0)).verifyComplete();
    }

    @Test
    void main_servesUntilItIsEnded() throws Exception {
        PrintStream out = System.out;
        Thread service = new Thread(() -> EmbeddedService.main(new String[] {"0"}), "service");
        try (PipedInputStream printed = new PipedInputStream();
                PrintStream to = new PrintStream(new PipedOutputStream(printed), true)) {
            System.setOut(to);
            service.start();
            String line = new Scanner(printed).nextLine();
            String answer = HttpClient.create()
                    .post()
                    .uri(line.substring(line.indexOf("http")) + "/topics")
                    .send(ByteBufFlux.fromString(Mono.just("The court ruled.")))
                    .responseSingle((response, body) -> body.asString())
                    .block();
            assertThat(answer).isEqualTo("[\"court\",\"ruled\"]");
        } finally {
            System.setOut(out);
            service.setUncaughtExceptionHandler((thread, error) -> {});
            service.interrupt();
            service.join();
        }
    }

    private Mono<Void> until(Predicate<SimulatorStatistics> reached) {
        return Flux.interval(Duration.ofMillis(10))
                .onBackpressureDrop()
                .takeUntil(tick -> reached.test(provider.statistics()))
                .then();
    }

    private Mono<String> post(String text) {
        return client().post()
                .uri("/topics")
                .send(ByteBufFlux.fromString(Mono.just(text)))
                .responseSingle((response, body) -> body.asString()
                        .map(answer -> response.status().code() == 200
                                ? answer
                                : response.status().code() + ": " + answer));
    }

    private Mono<String> get(String path) {
        return client().get().uri(path).responseSingle((response, body) -> body.asString());
    }

    private HttpClient client() {
        return HttpClient.create().host("127.0.0.1").port(server.port());
    }
}
