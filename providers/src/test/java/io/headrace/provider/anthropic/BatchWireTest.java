package io.headrace.provider.anthropic;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.batch.BatchAccount;
import io.headrace.batch.BatchApi;
import io.headrace.batch.BatchJob;
import io.headrace.batch.BatchResult;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.OpenApiDescription;
import io.headrace.testkit.Fault;
import io.headrace.testkit.SimulatedBatches;
import io.headrace.testkit.SimulatedProvider;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import tools.jackson.databind.json.JsonMapper;

/** What is Anthropic's own about batches, beside the contract. */
class BatchWireTest {

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final ChatRequest DUCK = ChatRequest.builder("claude-sonnet-4-5")
            .user("duck")
            .maxOutputTokens(50)
            .build();

    private final SimulatedProvider provider = SimulatedProvider.builder().start();
    private final Anthropic anthropic = client("2023-06-01");
    private final BatchApi<ChatRequest, ChatResponse> api = anthropic.chatBatches();

    @AfterEach
    void close() {
        anthropic.close();
        provider.close();
    }

    @Test
    void resultsElsewhere_areReadFromHereAndNobodyElseHearsTheKey() {
        try (SimulatedProvider elsewhere = SimulatedProvider.builder().start()) {
            for (String host : new String[] {
                elsewhere.baseUrl(),
                provider.baseUrl() + "@" + elsewhere.baseUrl().substring(7),
                provider.baseUrl() + "9"
            }) {
                provider.batches(SimulatedBatches.DEFAULT.resultsHost(host));
                BatchJob job = submit(api);
                assertThat(job.handles().get(BatchObject.RESULTS)).startsWith(host);
                StepVerifier.create(api.results(job))
                        .expectNextCount(1)
                        .expectComplete()
                        .verify(SOON);
            }
            assertThat(elsewhere.connections().opened()).isZero();
        }
    }

    @Test
    void account_isTheOrganization_butNeverTheKey() {
        assertThat(api.account().block(SOON)).isEqualTo(BatchAccount.of("org-simulated", null));
        String id = submit(api).id();
        assertThat(api.account().block(SOON)).extracting(BatchAccount::newest).isEqualTo(id);
        provider.failNext(
                1,
                Fault.answer(
                        200,
                        Map.of("anthropic-organization-id", "sk-ant-batches-1234"),
                        "{\"data\":[],\"has_more\":false}"));
        assertThat(api.account().block(SOON)).isEqualTo(BatchAccount.of("", null));
    }

    @Test
    void newerVersion_sendsNoSamplingAndIsAnswered() {
        Anthropic newer = client("2026-10-21");
        BatchApi<ChatRequest, ChatResponse> batches = newer.chatBatches();
        BatchJob job = submit(batches);
        StepVerifier.create(batches.results(job))
                .expectNextMatches(BatchResult.Answered.class::isInstance)
                .expectComplete()
                .verify(SOON);
        ChatRequest sampled = DUCK.toBuilder().temperature(0.5).build();
        StepVerifier.create(Mono.fromSupplier(() -> batches.encode("a", sampled)))
                .expectErrorMatches(error -> error instanceof IllegalArgumentException
                        && String.valueOf(error.getMessage()).contains("temperature"))
                .verify(SOON);
        newer.close();
    }

    /** 100,000 requests or 256 MB: with what is round the requests none may be exceeded. */
    @Test
    void limits_areThoseOfTheProvider() {
        assertThat(api.limits().requests()).isEqualTo(100_000);
        assertThat(api.limits().bytes()).isBetween(255_900_000L, 255_999_500L);
    }

    @ParameterizedTest
    @CsvSource({
        "invalid_request_error, bad, INVALID_REQUEST",
        "invalid_request_error, Your credit balance is too low to go on, QUOTA_EXHAUSTED",
        "authentication_error, bad, AUTHENTICATION",
        "api_error, bad, SERVER_ERROR",
        "overloaded_error, bad, OVERLOADED",
        "rate_limit_error, bad, RATE_LIMITED",
        "timeout_error, bad, TIMEOUT",
    })
    void erroredResult_isOfTheKindThatAnOnlineCallWouldBe_andCostsNothing(String type, String words, ErrorKind kind) {
        BatchJob job = submit(api);
        provider.failWhen(
                request -> request.path().endsWith("/results"),
                Fault.answer(
                        200,
                        Map.of("content-type", "application/x-jsonl"),
                        "{\"custom_id\":\"a\",\"result\":{\"type\":\"errored\",\"error\":{\"type\":\"error\",\"error\":{\"type\":\""
                                + type + "\",\"message\":\"" + words + "\"},\"request_id\":null}}}\n"));

        ApiException error =
                ((BatchResult.Errored<ChatResponse>) api.results(job).blockLast(SOON)).error();

        assertThat(error.kind()).isEqualTo(kind);
        assertThat(error.delivery()).isEqualTo(Delivery.REFUSED);
    }

    @Test
    void fullQueue_isRateLimited() {
        provider.batches(SimulatedBatches.DEFAULT.queuedRequests(0));
        StepVerifier.create(api.submit("run-1", Flux.just(api.encode("a", DUCK)), handle -> Mono.empty()))
                .expectErrorSatisfies(
                        error -> assertThat(((ApiException) error).kind()).isEqualTo(ErrorKind.RATE_LIMITED))
                .verify(SOON);
    }

    @Test
    void requestsAreWhatTheDescriptionSays() throws IOException {
        String line = new JsonMapper().readTree(api.encode("a", DUCK)).toString();
        OpenApiDescription.read("anthropic-openapi.json").assertConforms("MessageBatchIndividualRequestParams", line);
    }

    private Anthropic client(String version) {
        return Anthropic.builder()
                .baseUrl(provider.baseUrl())
                .apiKey("sk-ant-batches-1234")
                .version(version)
                .build();
    }

    private static BatchJob submit(BatchApi<ChatRequest, ChatResponse> api) {
        BatchJob job = api.submit("run-1", Flux.just(api.encode("a", DUCK)), handle -> Mono.empty())
                .flatMap(made -> api.job(made.id()))
                .block(SOON);
        assertThat(job).isNotNull();
        return job;
    }
}
