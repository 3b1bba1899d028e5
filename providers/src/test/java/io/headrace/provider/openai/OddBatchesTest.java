package io.headrace.provider.openai;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.batch.BatchAccount;
import io.headrace.batch.BatchApi;
import io.headrace.batch.BatchJob;
import io.headrace.batch.BatchJob.Counts;
import io.headrace.batch.BatchJob.State;
import io.headrace.batch.BatchResult;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.http.LoopbackServer;
import io.headrace.provider.http.LoopbackServer.Reply;
import io.headrace.testkit.SimulatedProvider;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** Servers that speak the API of batches nearly as OpenAI does. */
class OddBatchesTest {

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String KEY = "sk-odd-batches-123456789";
    private static final Instant CREATED = Instant.ofEpochSecond(1_763_900_000);

    private final LoopbackServer server = new LoopbackServer();
    private final OpenAi openAi =
            OpenAi.builder().baseUrl(server.url() + "/v1").apiKey(KEY).build();
    private final BatchApi<ChatRequest, ChatResponse> api = openAi.chatBatches();

    @AfterEach
    void close() {
        openAi.close();
        server.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1763900000",
                "1763900000.25",
                "1.7639e9",
                "1763900000250",
                "\"1763900000\"",
                "\"1763900000.25\"",
                "\"2025-11-23T12:13:20Z\"",
                "\"2025-11-23T13:13:20.25+01:00\""
            })
    void momentsInOtherUnits_areRead(String createdAt) {
        BatchJob job = job("\"status\":\"in_progress\",\"created_at\":" + createdAt + ",\"expires_at\":" + createdAt);
        assertThat(job.createdAt()).isBetween(CREATED, CREATED.plusMillis(250));
        assertThat(job.expiresAt()).isEqualTo(job.createdAt());
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "1e300", "\"NaN\"", "\"soon\"", "\"\"", "null", "[1763900000]", "true"})
    void whatIsNoMoment_isNotKnown(String createdAt) {
        BatchJob job = job("\"status\":\"in_progress\",\"created_at\":" + createdAt);
        assertThat(job.createdAt()).isNull();
        assertThat(job.state()).isEqualTo(State.RUNNING);
    }

    @Test
    void batchesWithoutATime_endNoList() {
        String unknown = "{\"id\":\"b\",\"status\":\"completed\"}";
        String older = "{\"id\":\"0\",\"status\":\"completed\",\"created_at\":1763800000}";
        server.next(new Reply(200, page(false, "c", "a").replaceFirst("},", "}," + unknown + "," + older + ",")));
        assertThat(api.jobs(CREATED).map(BatchJob::id).collectList().block(SOON))
                .containsExactly("c", "b");
        server.next(new Reply(200, "{\"data\":[" + unknown + "],\"has_more\":true}"));
        assertThat(api.account().block(SOON)).isEqualTo(new BatchAccount("", "b", Instant.EPOCH));
    }

    @Test
    void batchWithoutIdOrStatus_isMalformed() {
        for (String batch : List.of(
                "{\"id\":\"b\"}",
                "{\"status\":\"completed\"}",
                "{}",
                "{\"id\":\"b\",\"status\":\"completed\",\"created_at\":NaN}")) {
            server.next(new Reply(200, batch));
            assertThat(failure(api.job("b")).kind()).isEqualTo(ErrorKind.MALFORMED_RESPONSE);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "validating,RUNNING",
        "COMPLETED,COMPLETED",
        "Failed,FAILED",
        "canceled,CANCELLED",
        "canceling,CANCELLING",
        "EXPIRED,EXPIRED",
        "pondering,RUNNING"
    })
    void leastThatABatchTells_isEnough(String status, State state) {
        BatchJob job = job("\"status\":\"" + status + "\",\"created_at\":1763900000");
        assertThat(job.state()).isEqualTo(state);
        assertThat(job.counts()).isEqualTo(Counts.NONE);
        assertThat(job.expiresAt()).isNull();
    }

    @Test
    void nullsEverywhere_areNothing() {
        BatchJob job = job(
                "\"status\":\"completed\",\"created_at\":1763900000,\"request_counts\":null,\"expires_at\":null,"
                        + "\"metadata\":null,\"errors\":null,\"error\":null,\"output_file_id\":null,\"error_file_id\":null");
        assertThat(job.state()).isEqualTo(State.COMPLETED);
        assertThat(job.handles()).isEmpty();
        StepVerifier.create(api.results(job)).expectComplete().verify(SOON);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"the queue is full\"", "{\"code\":\"odd\",\"message\":\"the queue is full\"}"})
    void errorWithinABatch_isOfTheBatchAndNotOfTheQuestion(String error) {
        ApiException problem = job("\"status\":\"failed\",\"created_at\":1763900000,\"error\":" + error)
                .problem();
        assertThat(problem).hasMessageContaining("the queue is full");
        assertThat(job("\"status\":\"completed\",\"created_at\":1763900000,\"error\":\"\"")
                        .state())
                .isEqualTo(State.COMPLETED);
        server.next(new Reply(200, "{\"id\":\"req-1\",\"error\":" + error + "}"));
        assertThat(failure(api.job("b"))).hasMessageContaining("the queue is full");
    }

    @Test
    void failedBatchWithResults_hasThem() {
        BatchJob job = job("\"status\":\"failed\",\"created_at\":1763900000,\"output_file_id\":\"out\"");
        assertThat(job.state()).isEqualTo(State.COMPLETED);
        assertThat(results(job, answer("a"))).singleElement().isInstanceOf(BatchResult.Answered.class);
    }

    @Test
    void errorsThatAreGone_keepNoAnswerBack() {
        BatchJob job = job("\"status\":\"completed\",\"created_at\":1763900000,\"output_file_id\":\"out\","
                + "\"error_file_id\":\"gone\"");
        assertThat(results(job, answer("a"))).singleElement().isInstanceOf(BatchResult.Answered.class);
        assertThat(server.received()).hasSize(2); // the second was answered by 404
        server.next(new Reply(404, ""));
        assertThat(failure(api.results(job).then()).kind()).isEqualTo(ErrorKind.NOT_FOUND);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\n", "\r\n", "\n\n \r\n\n"})
    void lines_areReadWhateverIsAroundThem(String end) {
        List<String> lines =
                IntStream.range(0, 5).mapToObj(i -> answer("id-" + i)).toList();
        for (String file : List.of(
                String.join(end, lines),
                "\uFEFF" + String.join(end, lines) + end,
                "\uFEFF" + end + String.join(end, lines))) {
            List<BatchResult<ChatResponse>> results = results(completed(), file);
            assertThat(results.stream().filter(BatchResult.Answered.class::isInstance))
                    .extracting(BatchResult::customId)
                    .containsExactly("id-0", "id-1", "id-2", "id-3", "id-4");
        }
    }

    @Test
    void packedResults_areUnpacked() {
        try (SimulatedProvider packing = SimulatedProvider.builder().gzip().start();
                OpenAi client = OpenAi.builder()
                        .baseUrl(packing.baseUrl() + "/v1")
                        .apiKey(KEY)
                        .build()) {
            BatchApi<ChatRequest, ChatResponse> batches = client.chatBatches();
            Flux<byte[]> lines = Flux.range(0, 500).map(i -> batches.encode("id-" + i, ask()));
            assertThat(batches.submit("t", lines, handle -> Mono.empty())
                            .flatMap(made -> batches.job(made.id()))
                            .flatMapMany(batches::results)
                            .filter(BatchResult.Answered.class::isInstance)
                            .count()
                            .block(SOON))
                    .isEqualTo(500);
        }
    }

    @Test
    void linesOfOthersAndOfNobody_areTold() {
        List<BatchResult<ChatResponse>> results = results(
                completed(),
                String.join(
                        "\n",
                        answer("b"),
                        answer(""),
                        "{\"custom_id\":7,\"response\":{}}",
                        "[]",
                        "{\"custom_id\":\"a\",\"response\":{\"status_code\":200,\"body\":{\"choi",
                        answer("b")));
        assertThat(results).extracting(BatchResult::customId).containsExactly("b", null, null, null, "a", "b");
        assertThat(results.subList(1, 5)).allMatch(BatchResult.Unreadable.class::isInstance);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"error\":\"the model is gone\"|the model is gone",
                "\"response\":null,\"error\":\"the model is gone\"|the model is gone",
                "\"error\":{\"message\":\"the model is gone\"}|the model is gone",
                "\"error\":{\"code\":\"never_heard_of\"}|never_heard_of",
                "\"response\":{\"status_code\":500,\"body\":{\"error\":\"the model is gone\"}}|the model is gone"
            })
    void errorsInOtherShapes_areErrorsOfTheRequest(String fields, String words) {
        assertThat(results(completed(), "{\"custom_id\":\"a\"," + fields + "}"))
                .singleElement()
                .isInstanceOfSatisfying(BatchResult.Errored.class, result -> {
                    assertThat(result.error()).hasMessageContaining(words);
                    assertThat(result.error().delivery()).isEqualTo(Delivery.REFUSED);
                });
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "{}", "{\"code\":null,\"message\":null}", "\"\"", "\"none\""})
    void answerBesideAnEmptyError_isAnAnswer(String error) {
        String line = answer("a");
        assertThat(results(completed(), line.substring(0, line.length() - 1) + ",\"error\":" + error + "}"))
                .singleElement()
                .isInstanceOf(BatchResult.Answered.class);
    }

    @Test
    void answerWithoutUsage_costsNobodyKnowsWhat() {
        assertThat(results(completed(), answer("a")))
                .singleElement()
                .isInstanceOfSatisfying(
                        BatchResult.Answered.class,
                        result -> assertThat(
                                        ((ChatResponse) result.answer()).usage().isKnown())
                                .isFalse());
    }

    @Test
    void redirectElsewhere_isToldAndNobodyThereHearsTheKey() {
        try (LoopbackServer elsewhere = new LoopbackServer()) {
            for (int status : new int[] {301, 302, 303, 307, 308}) {
                server.always(new Reply(status, "", "location", elsewhere.url() + "/v1/files/out/content"));
                for (Mono<?> question : List.of(
                        api.results(completed()).then(),
                        api.job("b"),
                        api.cancel("b"),
                        api.account(),
                        api.submit("t", Flux.just(api.encode("a", ask())), handle -> Mono.empty()))) {
                    ApiException error = failure(question);
                    assertThat(error).hasMessageContaining("redirected to another address");
                    assertThat(error.delivery()).isEqualTo(Delivery.REFUSED);
                }
            }
            assertThat(elsewhere.received()).isEmpty();
        }
    }

    @Test
    void uploadThatIsAnsweredByAnErrorInASuccess_isNotSent() {
        server.always(new Reply(200, "{\"error\":{\"message\":\"the disk is full\",\"type\":\"server_error\"}}"));
        ApiException error = failure(api.submit("t", Flux.just(api.encode("a", ask())), handle -> Mono.empty()));
        assertThat(error).hasMessageContaining("the disk is full");
        assertThat(error.delivery()).isEqualTo(Delivery.NOT_SENT);
        assertThat(server.received()).extracting(LoopbackServer.Received::path).containsExactly("/v1/files");
    }

    @Test
    void accountWithoutBatches_mayHaveNullForAList() {
        server.always(new Reply(200, "{\"object\":\"list\",\"data\":null,\"has_more\":false}"));
        assertThat(api.account().block(SOON)).isEqualTo(BatchAccount.of("", null));
    }

    @Test
    void pageThatDoesNotNameItsLastBatch_isGoneOnFrom() {
        server.next(new Reply(200, page(true, "c", "b"))).next(new Reply(200, page(false, "a")));
        assertThat(api.jobs(Instant.EPOCH).map(BatchJob::id).collectList().block(SOON))
                .containsExactly("c", "b", "a");
        assertThat(server.received().get(1).path()).isEqualTo("/v1/batches?limit=100&after=b");
    }

    @Test
    void pagesThatGoRoundInACircle_areAnErrorAfterWhatCame() {
        for (List<String> circle : List.of(
                List.of(page(true, "c", "b")), // the cursor is ignored
                List.of(page(true, "c", "b"), page(true, "a", "0")),
                List.of(page(true, "d"), page(true, "c"), page(true, "b")))) {
            for (int i = 0; i < 10; i++) {
                server.next(new Reply(200, circle.get(i % circle.size())));
            }
            List<BatchJob> came = new ArrayList<>();
            ApiException error =
                    failure(api.jobs(Instant.EPOCH).doOnNext(came::add).then());
            assertThat(error).hasMessageContaining("goes round in a circle");
            assertThat(error.isTransient()).isTrue();
            assertThat(came).hasSizeBetween(3, 8);
            assertThat(server.received()).hasSizeLessThan(6);
            drain();
        }
    }

    @Test
    void lastPageThatSaysThatThereIsMore_isTheLast() {
        server.next(new Reply(200, page(true, "c", "b"))).next(new Reply(200, page(true, "b")));
        assertThat(api.jobs(Instant.EPOCH).count().block(SOON)).isEqualTo(3);
        server.next(new Reply(200, page(true, "c", "b"))).next(new Reply(200, page(true)));
        assertThat(api.jobs(Instant.EPOCH).count().block(SOON)).isEqualTo(2);
    }

    /** What is left of the script. */
    private void drain() {
        server.always(new Reply(200, page(false)));
        while (Boolean.TRUE.equals(
                api.jobs(Instant.EPOCH).hasElements().onErrorReturn(true).block(SOON))) {
            // one less
        }
        server.received().clear();
    }

    private static String page(boolean hasMore, String... ids) {
        String data = List.of(ids).stream()
                .map(id -> "{\"id\":\"" + id + "\",\"status\":\"completed\",\"created_at\":1763900000}")
                .collect(Collectors.joining(","));
        return "{\"data\":[" + data + "],\"has_more\":" + hasMore + "}";
    }

    private static String answer(String customId) {
        return "{\"custom_id\":\"" + customId + "\",\"response\":{\"status_code\":200,\"body\":"
                + OpenAiOverLoopback.ANSWER + "},\"error\":null}";
    }

    private static ChatRequest ask() {
        return OpenAiOverLoopback.ask("duck");
    }

    private BatchJob completed() {
        return job("\"status\":\"completed\",\"created_at\":1763900000,\"output_file_id\":\"out\"");
    }

    private BatchJob job(String fields) {
        LoopbackServer asked = new LoopbackServer().always(new Reply(200, "{\"id\":\"b\"," + fields + "}"));
        try (asked;
                OpenAi client = OpenAi.builder()
                        .baseUrl(asked.url() + "/v1")
                        .apiKey(KEY)
                        .build()) {
            BatchJob job = client.chatBatches().job("b").block(SOON);
            assertThat(job).isNotNull();
            return job;
        }
    }

    private List<BatchResult<ChatResponse>> results(BatchJob job, String file) {
        server.next(new Reply(200, new String(file.getBytes(UTF_8), UTF_8)));
        List<BatchResult<ChatResponse>> results = api.results(job).collectList().block(SOON);
        assertThat(results).isNotNull();
        return results;
    }

    private static ApiException failure(Mono<?> question) {
        List<Throwable> errors = new ArrayList<>();
        StepVerifier.create(question.cast(Object.class))
                .expectErrorSatisfies(errors::add)
                .verify(SOON);
        return (ApiException) errors.get(0);
    }
}
