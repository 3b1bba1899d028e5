package io.headrace.provider.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.batch.BatchApi;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.OneOfFive;
import io.headrace.provider.http.HttpTransport;
import io.headrace.testkit.Fault;
import io.headrace.testkit.SimulatedProvider;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The times of uploads: silence is limited, the whole is not; and what a cancel does. */
class BatchTimesTest {

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final ChatRequest DUCK =
            ChatRequest.builder("gpt-4o-mini").user("quack ".repeat(200)).build();

    private final SimulatedProvider provider = SimulatedProvider.builder().start();
    private final HttpTransport transport = HttpTransport.builder()
            .totalTimeout(Duration.ofSeconds(3))
            .idleTimeout(Duration.ofMillis(700))
            .firstByteTimeout(Duration.ofSeconds(2))
            .build();
    private final OpenAi openAi = OpenAi.builder()
            .baseUrl(provider.baseUrl() + "/v1")
            .apiKey("sk-batches-123456789")
            .transport(transport)
            .build();
    private final BatchApi<ChatRequest, ChatResponse> api = openAi.chatBatches();

    @AfterEach
    void close() {
        transport.close();
        provider.close();
    }

    @Test
    void slowSource_outlastsAllLimits() throws Exception {
        Flux<byte[]> slow = Flux.range(0, 4)
                .concatMap(i -> Mono.delay(Duration.ofMillis(900)).map(any -> api.encode("id-" + i, DUCK)));
        OneOfFive.passes(() -> assertThat(
                        api.submit("slow", slow, handle -> Mono.empty()).block(SOON))
                .isNotNull());
    }

    @Test
    void serverThatReadsNoMore_isATimeoutAndNothingWasSent() {
        provider.failNext(1, Fault.stall());
        Flux<byte[]> lines = Flux.range(0, 100_000).map(i -> api.encode("id-" + i, DUCK));
        assertFails(api.submit("stalled", lines, handle -> Mono.empty()), ErrorKind.TIMEOUT, Delivery.NOT_SENT);
    }

    @Test
    void silenceAfterTheRequest_isATimeoutOfUnknownOutcome() throws Exception {
        provider.failWhen(request -> request.path().equals("/v1/batches"), Fault.acceptedSilently());
        OneOfFive.passes(() -> {
            int before = provider.batches().size();
            assertFails(
                    api.submit("silent", Flux.just(api.encode("a", DUCK)), handle -> Mono.empty()),
                    ErrorKind.TIMEOUT,
                    Delivery.UNKNOWN);
            assertThat(provider.batches()).hasSize(before + 1);
        });
    }

    @Test
    void silenceAfterTheUpload_leavesNoBatch() {
        provider.failNext(1, Fault.acceptedSilently());
        assertFails(
                api.submit("silent", Flux.just(api.encode("a", DUCK)), handle -> Mono.empty()),
                ErrorKind.TIMEOUT,
                Delivery.NOT_SENT);
        assertThat(provider.batches()).isEmpty();
    }

    @Test
    void cancelDuringTheUpload_endsTheLinesAndLeavesNoBatch() throws InterruptedException {
        CountDownLatch cancelled = new CountDownLatch(1);
        CountDownLatch flowing = new CountDownLatch(100);
        Flux<byte[]> lines = Flux.range(0, 1_000)
                .map(i -> api.encode("id-" + i, DUCK))
                .doOnNext(line -> flowing.countDown())
                .concatWith(Flux.<byte[]>never())
                .doOnCancel(cancelled::countDown);
        var submission = api.submit("cancelled", lines, handle -> Mono.empty()).subscribe();
        assertThat(flowing.await(20, TimeUnit.SECONDS)).isTrue();
        submission.dispose();
        assertThat(cancelled.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(provider.batches()).isEmpty();
        assertThat(api.submit("next", Flux.just(api.encode("a", DUCK)), handle -> Mono.empty())
                        .retry(5) // the limits are short
                        .block(SOON))
                .isNotNull();
    }

    private static void assertFails(Mono<?> submission, ErrorKind kind, Delivery delivery) {
        assertThatThrownBy(() -> submission.block(SOON)).isInstanceOfSatisfying(ApiException.class, failure -> {
            assertThat(failure.delivery()).as(failure.getMessage()).isEqualTo(delivery);
            assertThat(failure.kind()).as(failure.getMessage()).isEqualTo(kind);
        });
    }
}
