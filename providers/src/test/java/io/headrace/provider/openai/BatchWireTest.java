package io.headrace.provider.openai;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import io.headrace.admission.ApiKey;
import io.headrace.admission.Grant;
import io.headrace.admission.ServerLimits;
import io.headrace.batch.BatchAccount;
import io.headrace.batch.BatchApi;
import io.headrace.batch.BatchJob;
import io.headrace.batch.BatchJob.State;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.EmbeddingRequest;
import io.headrace.model.EmbeddingResponse;
import io.headrace.provider.OneOfFive;
import io.headrace.provider.OpenApiDescription;
import io.headrace.provider.http.HttpTransport;
import io.headrace.testkit.Fault;
import io.headrace.testkit.SimulatedBatches;
import io.headrace.testkit.SimulatedProvider;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What is OpenAI's own about batches, beside the contract. */
class BatchWireTest {

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final ChatRequest DUCK =
            ChatRequest.builder("gpt-4o-mini").user("duck").build();

    private final SimulatedProvider provider = SimulatedProvider.builder().start();
    private final HttpTransport transport = HttpTransport.create();
    private final OpenAi openAi = openAi(transport);
    private final BatchApi<ChatRequest, ChatResponse> api = openAi.chatBatches();

    @SuppressWarnings("MustBeClosedChecker") // its transport is closed
    private OpenAi openAi(HttpTransport transport) {
        return OpenAi.builder()
                .baseUrl(provider.baseUrl() + "/v1")
                .apiKey("sk-batches-123456789")
                .transport(transport)
                .build();
    }

    @AfterEach
    void close() {
        transport.close();
        provider.close();
    }

    @Test
    void fullQueue_isRateLimitedAndPasses() {
        provider.batches(SimulatedBatches.DEFAULT.enqueuedTokens(9));
        BatchJob job = job(submit(api, api.encode("a", DUCK), api.encode("b", DUCK)));
        assertThat(job.state()).isEqualTo(State.FAILED);
        ApiException problem = job.problem();
        assertThat(problem).isNotNull();
        assertThat(problem.kind()).isEqualTo(ErrorKind.RATE_LIMITED);
        assertThat(problem.isTransient()).isTrue();
        assertThat(problem.delivery()).isEqualTo(Delivery.REFUSED);
        assertThat(problem).hasMessageContaining("token_limit_exceeded").hasMessageContaining("Limit: 9 enqueued");
        StepVerifier.create(api.results(job)).expectComplete().verify(SOON);
    }

    @Test
    void badFile_failsForGood_andItsWordsShowNeitherKeyNorQuotes() {
        provider.batches(SimulatedBatches.DEFAULT.failing(
                "invalid_json_line", "Near 'a prompt that is private to the bone' with sk-batches-123456789"));
        ApiException problem = job(submit(api, api.encode("a", DUCK))).problem();
        assertThat(problem).isNotNull();
        assertThat(problem.kind()).isEqualTo(ErrorKind.INVALID_REQUEST);
        assertThat(problem.isTransient()).isFalse();
        assertThat(problem).hasMessageNotContaining("a prompt that").hasMessageNotContaining("sk-batches");
    }

    @ParameterizedTest
    @CsvSource({
        "token_limit_exceeded, RATE_LIMITED",
        "rate_limit_exceeded, RATE_LIMITED",
        "insufficient_quota, QUOTA_EXHAUSTED",
        "credit_balance_exhausted, QUOTA_EXHAUSTED",
        "organization_spend_limit_exceeded, QUOTA_EXHAUSTED",
        "project_spend_limit_exceeded, QUOTA_EXHAUSTED",
        "organization_usage_limit_exceeded, QUOTA_EXHAUSTED",
        "billing_hard_limit_reached, QUOTA_EXHAUSTED",
        "model_not_found, NOT_FOUND",
        "invalid_api_key, AUTHENTICATION",
        "server_error, SERVER_ERROR",
        "internal_error, SERVER_ERROR",
        "invalid_json_line, INVALID_REQUEST",
        "duplicate_custom_id, INVALID_REQUEST",
    })
    void batchThatFails_isOfTheKindThatAnOnlineCallWouldBe(String code, ErrorKind kind) {
        provider.batches(SimulatedBatches.DEFAULT.failing(code, "words"));

        ApiException problem = job(submit(api, api.encode("a", DUCK))).problem();

        assertThat(problem).isNotNull();
        assertThat(problem.kind()).isEqualTo(kind);
        assertThat(problem.isTransient()).isEqualTo(kind.isTransient());
        assertThat(problem.delivery()).isEqualTo(Delivery.REFUSED);
    }

    @Test
    void account_isOrganizationAndProject_asFarAsTheyAreNames() {
        assertThat(account(Map.of())).isEqualTo(BatchAccount.of("org-simulated", null));
        assertThat(account(Map.of("openai-organization", "acme-1", "openai-project", "proj_2"))
                        .name())
                .isEqualTo("acme-1/proj_2");
        for (String odd : List.of("sk-batches-123456789", "x-sk-batches-123456789", "a b", "a/b", "a".repeat(65), "")) {
            assertThat(account(Map.of("openai-organization", odd)).name()).isEmpty();
        }
    }

    @Test
    void organizationThatIsAskedFor_isNotHidden() {
        try (OpenAi ofOrganization = OpenAi.builder()
                .baseUrl(provider.baseUrl() + "/v1")
                .apiKey("sk-batches-123456789")
                .organization("org-simulated")
                .transport(transport)
                .build()) {
            assertThat(ofOrganization.chatBatches().account().block(SOON))
                    .isEqualTo(BatchAccount.of("org-simulated", null));
        }
    }

    private BatchAccount account(Map<String, String> headers) {
        if (!headers.isEmpty()) {
            provider.failNext(1, Fault.answer(200, headers, "{\"data\":[],\"has_more\":false}"));
        }
        BatchAccount account = api.account().block(SOON);
        assertThat(account).isNotNull();
        return account;
    }

    @Test
    void oneModelForABatch() {
        ChatRequest other = ChatRequest.builder("gpt-4o").user("duck").build();
        assertThat(api.group(DUCK)).isEqualTo("gpt-4o-mini").isNotEqualTo(api.group(other));
        assertThat(api.group(DUCK.toBuilder().extra("model", "gpt-5").build())).isEqualTo("gpt-5");
        BatchJob job = job(submit(api, api.encode("a", DUCK), api.encode("b", other)));
        assertThat(job.problem()).hasMessageContaining("line 2: mismatched_model");
    }

    /** 50,000 lines and inputs, 200 MB: with what is round the lines none may be exceeded. */
    @Test
    void limits_areThoseOfTheProvider() {
        for (BatchApi<?, ?> each : List.of(api, openAi.embeddingBatches())) {
            assertThat(each.limits().requests()).isEqualTo(50_000);
            assertThat(each.limits().bytes()).isBetween(199_900_000L, 199_999_500L);
        }
    }

    @Test
    void embeddings_countInputs() {
        EmbeddingRequest request = EmbeddingRequest.of("text-embedding-3-small", "a", "b", "c");
        assertThat(openAi.embeddingBatches().count(request)).isEqualTo(3);
        assertThat(api.count(DUCK)).isEqualTo(1);
        assertThat(inputs(List.of("a", "b"))).isEqualTo(2);
        assertThat(inputs(List.of(List.of(1, 2), List.of(3), List.of(4)))).isEqualTo(3);
        assertThat(inputs(List.of(1, 2))).isEqualTo(1);
        assertThat(inputs("a")).isEqualTo(1);
    }

    private long inputs(Object extra) {
        return openAi.embeddingBatches()
                .count(EmbeddingRequest.of("text-embedding-3-small", "a").withExtra("input", extra));
    }

    @Test
    void answerWithAnotherNumberOfVectors_isNoneToItsRequest() {
        EmbeddingResponse two =
                new EmbeddingResponse("m", List.of(new float[] {1}, new float[] {2}), Usage.of(2, 0), "");
        assertThat(openAi.embeddingBatches().answers(2, two)).isTrue();
        assertThat(openAi.embeddingBatches().answers(3, two)).isFalse();
        assertThat(openAi.embeddingBatches().answers(1, two)).isFalse();
    }

    @Test
    void slowUpload_outlastsTheTotalTimeout() throws Exception {
        Flux<byte[]> slow = Flux.range(0, 4)
                .concatMap(i -> Mono.delay(Duration.ofMillis(400)).map(any -> api.encode("id-" + i, DUCK)));
        try (HttpTransport hasty =
                HttpTransport.builder().totalTimeout(Duration.ofMillis(700)).build()) {
            OneOfFive.passes(() -> {
                BatchJob job = openAi(hasty)
                        .chatBatches()
                        .submit("slow", slow, handle -> Mono.empty())
                        .block(SOON);
                assertThat(job).isNotNull();
                assertThat(job(job).counts().succeeded()).isEqualTo(4);
            });
        }
    }

    @Test
    void refusalDuringTheUpload_isHeard() {
        provider.failNext(1, Fault.answer(413, Map.of(), "{\"error\":{\"message\":\"too large\"}}"));
        Flux<byte[]> lines = Flux.range(0, 100_000).map(i -> api.encode("id-" + i, DUCK));
        StepVerifier.create(api.submit("large", lines, handle -> Mono.empty()))
                .expectErrorSatisfies(error -> {
                    ApiException refused = (ApiException) error;
                    assertThat(refused.kind()).isIn(ErrorKind.INVALID_REQUEST, ErrorKind.TRANSPORT);
                    assertThat(refused.delivery()).isIn(Delivery.REFUSED, Delivery.NOT_SENT);
                })
                .verify(SOON);
        assertThat(provider.batches()).isEmpty();
    }

    @Test
    void keyOfTheGrant_isUsedForEveryRequest() {
        provider.failWhen(
                request -> !request.header("authorization").orElse("").equals("Bearer sk-of-the-grant-42"),
                Fault.answer(401, Map.of(), "{}"));
        Grant grant = new Grant() {

            @Override
            public ApiKey key() {
                return new ApiKey("second", "sk-of-the-grant-42");
            }

            @Override
            public void observed(ServerLimits limits) {
                // of no interest here
            }
        };
        BatchJob job = api.submit("granted", Flux.just(api.encode("a", DUCK)), handle -> Mono.empty())
                .flatMap(made -> api.job(made.id()))
                .contextWrite(grant::into)
                .block(SOON);
        assertThat(job).isNotNull();
        assertThat(api.results(job).contextWrite(grant::into).count().block(SOON))
                .isEqualTo(1);
    }

    @Test
    void requestsAreWhatTheDescriptionSays() throws IOException {
        OpenApiDescription description = OpenApiDescription.read("openai-openapi-subset.json");
        JsonMapper mapper = new JsonMapper();
        JsonNode line = mapper.readTree(api.encode("a", DUCK));
        description.assertConforms(
                "CreateChatCompletionRequest", line.path("body").toString());
        assertThat(line.path("method").asString()).isEqualTo("POST");
        description.assertPath(line.path("url").asString());
        JsonNode vectors = mapper.readTree(
                openAi.embeddingBatches().encode("a", EmbeddingRequest.of("text-embedding-3-small", "duck")));
        description.assertConforms(
                "CreateEmbeddingRequest", vectors.path("body").toString());
        description.assertPath(vectors.path("url").asString());
        submit(api, api.encode("a", DUCK));
        List<String> posted = provider.requests().stream()
                .filter(request -> request.path().equals("/v1/batches"))
                .map(request -> request.body())
                .toList();
        assertThat(posted).hasSize(1);
        description.assertConforms("CreateBatchRequest", posted.get(0));
        assertThat(new String(api.encode("a", DUCK), StandardCharsets.UTF_8)).doesNotContain("stream");
    }

    private BatchJob job(BatchJob job) {
        BatchJob read = api.job(job.id()).block(SOON);
        assertThat(read).isNotNull();
        return read;
    }

    private static BatchJob submit(BatchApi<?, ?> api, byte[]... lines) {
        BatchJob job = api.submit("run-1", Flux.fromArray(lines), handle -> Mono.empty())
                .block(SOON);
        assertThat(job).isNotNull();
        return job;
    }
}
