package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What becomes of batches as time goes by, and what is counted and logged of them. */
class BatchStatesTest extends OverBatches {

    private static final String[] TEN =
            IntStream.range(0, 10).mapToObj(i -> "r" + i).toArray(String[]::new);

    private final SimulatedBatches plan =
            SimulatedBatches.DEFAULT.delay(Duration.ofHours(10)).cancelDelay(Duration.ofMinutes(5));

    @TempDir
    Path folder;

    @Override
    SimulatedProvider.Builder builder() {
        return SimulatedProvider.builder().clock(clock).batches(plan);
    }

    @Test
    void batchThatIsDoneJustInTime_isComplete() {
        provider.batches(plan.delay(Duration.ofHours(24)));
        String batch = batch("r0");
        clock.advance(Duration.ofHours(24));
        assertThat(status(batch)).isEqualTo("completed");
    }

    @Test
    void expiredBatch_countsWhatWasDone_andWhatWasNotAsFailed() {
        provider.batches(plan.delay(Duration.ofHours(48)));
        String batch = batch(TEN);
        clock.advance(Duration.ofHours(24).minusNanos(1));
        assertThat(counts(batch)).containsExactly(10, 5, 0);
        clock.advance(Duration.ofHours(2));
        assertThat(status(batch)).isEqualTo("expired");
        assertThat(counts(batch)).containsExactly(10, 5, 5);
        assertThat(customIds(batch, "output_file_id")).hasSize(5);
        assertThat(customIds(batch, "error_file_id")).hasSize(5);
    }

    @Test
    void results_comeInAnotherOrderThanTheRequests() {
        String batch = batch(TEN);
        clock.advance(Duration.ofHours(10));
        assertThat(customIds(batch, "output_file_id"))
                .containsExactlyInAnyOrder(TEN)
                .isNotEqualTo(Arrays.asList(TEN));
    }

    @Test
    void secondCancel_doesNotPutOffTheEnd() {
        String openAi = batch(TEN);
        String anthropic = BATCHES + "/"
                + id(client.ask(BATCHES, "{\"requests\":[" + request("r0") + "]}")
                        .body());
        for (int i = 0; i < 2; i++) {
            client.ask(openAi + "/cancel", "");
            client.ask(anthropic + "/cancel", "");
            clock.advance(Duration.ofSeconds(150));
        }
        assertThat(status(openAi)).isEqualTo("cancelled");
        assertThat(json(anthropic).path("processing_status").asString()).isEqualTo("ended");
    }

    @Test
    void pagesOfOpenAi_haveMoreUntilTheLast() {
        List<String> made = IntStream.range(0, 4).mapToObj(i -> batch("r" + i)).toList();
        JsonNode first = json("/v1/batches?limit=2");
        JsonNode second =
                json("/v1/batches?limit=2&after=" + first.path("last_id").asString());
        assertThat(first.path("has_more").asBoolean()).isTrue();
        assertThat(second.path("has_more").asBoolean()).isFalse();
        assertThat("/v1/batches/" + first.path("first_id").asString()).isEqualTo(made.get(3));
        assertThat("/v1/batches/" + second.path("last_id").asString()).isEqualTo(made.get(0));
    }

    @Test
    void tokensInTheQueue_areThoseOfBatchesThatMayBeWorkedOn() {
        provider.batches(plan.enqueuedTokens(23));
        String duplicate = batch("r0", "r0", "r1"); // its tokens are not enqueued
        String fine = batch("r0", "r1");
        String tooMuch = batch("r2", "r3");
        assertThat(status(duplicate)).isEqualTo("validating");
        clock.advance(Duration.ofHours(1));
        assertThat(get(duplicate)).contains("duplicate_custom_id").doesNotContain("token_limit_exceeded");
        assertThat(status(fine)).isEqualTo("in_progress");
        assertThat(status(tooMuch)).isEqualTo("failed");
        assertThat(get(tooMuch)).contains("token_limit_exceeded");
        clock.advance(Duration.ofHours(9));
        String later = batch("r2", "r3");
        clock.advance(Duration.ofHours(1));
        assertThat(status(later)).isEqualTo("in_progress");
    }

    @Test
    void queueOfAnthropic_holdsAsManyRequestsAsStated() {
        provider.batches(plan.queuedRequests(2));
        String two = "{\"requests\":[" + request("r0") + "," + request("r1") + "]}";
        String one = "{\"requests\":[" + request("r0") + "]}";
        assertThat(client.ask(BATCHES, two).status()).isEqualTo(200);
        assertThat(client.ask(BATCHES, one).status()).isEqualTo(429);
        clock.advance(Duration.ofHours(10));
        assertThat(client.ask(BATCHES, one).status()).isEqualTo(200);
    }

    @Test
    void batchThatIsMadeLate_existsFromThen_andOnlyWithItsFile() throws IOException {
        Path log = folder.resolve("batches");
        restart(builder().batchLog(log));
        String kept = id(upload("r0"));
        String deleted = id(upload("r1"));
        for (String file : List.of(kept, deleted)) {
            provider.failWhen(asked -> asked.path().equals("/v1/batches"), Fault.acceptedLate(Duration.ofHours(1)));
            client.post("/v1/batches", creation(file)).onErrorComplete().block(Client.SOON);
        }
        provider.clearScript();
        client.delete("/v1/files/" + deleted).block(Client.SOON);
        assertThat(provider.batches()).isEmpty();
        clock.advance(Duration.ofHours(3));
        assertThat(provider.batches()).hasSize(1);
        assertThat(BatchLog.read(log)).singleElement().satisfies(entry -> {
            assertThat(entry.createdAt()).isEqualTo(clock.instant().minus(Duration.ofHours(2)));
            assertThat(entry.requests()).isEqualTo(1);
        });
    }

    @Test
    void answersOfBatches_countAndAreLogged_asOnlineOnes() throws IOException {
        Path log = folder.resolve("requests");
        restart(builder().logFile(log));
        String batch = batch("r0", "r1");
        clock.advance(Duration.ofHours(10));
        assertThat(status(batch)).isEqualTo("completed");
        client.ask(Client.OPENAI, Client.openAi("duck r0"));
        String digest = provider.requests().get(provider.requests().size() - 1).digest();
        assertThat(provider.asked(digest)).isEqualTo(2);
        assertThat(provider.answered(digest)).isEqualTo(2);
        List<RequestLog.Entry> answers = RequestLog.read(log).stream()
                .filter(entry -> entry.path().equals(Client.OPENAI))
                .toList();
        assertThat(answers).hasSize(3).allSatisfy(entry -> {
            assertThat(entry.answered()).isTrue();
            assertThat(entry.inputTokens()).isPositive();
            assertThat(entry.outputTokens()).isPositive();
        });
        assertThat(answers.stream().filter(entry -> entry.digest().equals(digest)))
                .extracting(RequestLog.Entry::occurrence)
                .containsExactly(1, 2);
    }

    private String batch(String... ids) {
        return "/v1/batches/" + id(create(id(upload(ids))));
    }

    private String status(String batch) {
        return json(batch).path("status").asString();
    }

    /** Of all requests, those that were answered, and those that failed. */
    private List<Integer> counts(String batch) {
        JsonNode counts = json(batch).path("request_counts");
        return List.of(
                counts.path("total").asInt(),
                counts.path("completed").asInt(),
                counts.path("failed").asInt());
    }

    private List<String> customIds(String batch, String file) {
        return get("/v1/files/" + json(batch).path(file).asString() + "/content")
                .lines()
                .map(line -> Json.value(bytes(line)).path("custom_id").asString())
                .toList();
    }

    private JsonNode json(String path) {
        return Json.value(bytes(get(path)));
    }
}
