package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.testkit.SimulatedBatches.Fate;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/**
 * What the simulator says of files and batches is what the providers' own OpenAPI descriptions say, in every state. The descriptions do
 * not ship with the project: without them these tests are skipped.
 */
class BatchConformanceTest extends OverBatches {

    private final SimulatedBatches plan = SimulatedBatches.DEFAULT
            .delay(Duration.ofHours(10))
            .window(Duration.ofHours(24))
            .cancelDelay(Duration.ofMinutes(5))
            .fates(id -> id.equals("r1") ? Fate.FAILED : null);

    @Override
    SimulatedProvider.Builder builder() {
        return SimulatedProvider.builder().clock(clock).batches(plan);
    }

    @Test
    void openAi() throws IOException {
        Schemas schemas = Schemas.read("openai-openapi-subset.json");
        String file = upload("r0", "r1", "r2");
        schemas.assertConforms("OpenAIFile", file);
        String fileId = id(file);
        schemas.assertConforms("OpenAIFile", get("/v1/files/" + fileId));
        schemas.assertConforms("ListFilesResponse", get("/v1/files?purpose=batch"));

        String made = create(fileId);
        schemas.assertConforms("Batch", made);
        String batch = "/v1/batches/" + id(made);
        for (int hour : new int[] {0, 2, 9, 1}) {
            clock.advance(Duration.ofHours(hour));
            schemas.assertConforms("Batch", get(batch));
            schemas.assertConforms("ListBatchesResponse", get("/v1/batches?limit=1"));
        }
        JsonNode ended = Json.value(bytes(get(batch)));
        assertThat(ended.path("status").asString("")).isEqualTo("completed");
        String output = get("/v1/files/" + ended.path("output_file_id").asString("") + "/content");
        for (String line : output.lines().toList()) {
            schemas.assertConforms(
                    "CreateChatCompletionResponse",
                    Json.text(Json.value(bytes(line)).at("/response/body")));
        }
        String errors = get("/v1/files/" + ended.path("error_file_id").asString("") + "/content");
        schemas.assertConforms(
                "ErrorResponse", Json.text(Json.value(bytes(errors)).at("/response/body")));

        String cancelled = "/v1/batches/" + id(create(fileId));
        schemas.assertConforms("Batch", client.ask(cancelled + "/cancel", "").body());
        clock.advance(Duration.ofHours(1));
        schemas.assertConforms("Batch", get(cancelled));
        provider.batches(plan.delay(Duration.ofHours(48)));
        String expired = "/v1/batches/" + id(create(fileId));
        clock.advance(Duration.ofHours(25));
        schemas.assertConforms("Batch", get(expired));
        assertThat(get(expired)).contains("\"expired\"");
        String failed = "/v1/batches/" + id(create(id(upload("r0", "r0"))));
        clock.advance(Duration.ofHours(25));
        schemas.assertConforms("Batch", get(failed));
        assertThat(get(failed)).contains("duplicate_custom_id");
        schemas.assertConforms("ErrorResponse", get("/v1/batches/batch_none"));
        schemas.assertConforms("ErrorResponse", client.ask("/v1/batches", "{}").body());
    }

    @Test
    void anthropic() throws IOException {
        Schemas schemas = Schemas.read("anthropic-openapi.json");
        String body = "{\"requests\":[" + request("r0") + "," + request("r1") + "]}";
        String made = client.ask("/v1/messages/batches", body).body();
        schemas.assertConforms("MessageBatch", made);
        String batch = "/v1/messages/batches/" + id(made);
        assertThat(made).contains("\"processing\":2");
        for (int hour : new int[] {0, 5, 6}) {
            clock.advance(Duration.ofHours(hour));
            schemas.assertConforms("MessageBatch", get(batch));
            schemas.assertConforms("ListResponse_MessageBatch_", get("/v1/messages/batches?limit=1"));
        }
        results(schemas, batch);
        assertThat(get(batch + "/results").lines().filter(line -> line.contains("succeeded")))
                .singleElement()
                .asString()
                .contains("\"service_tier\":\"batch\"");

        String cancelled = "/v1/messages/batches/"
                + id(client.ask("/v1/messages/batches", body).body());
        schemas.assertConforms(
                "MessageBatch", client.ask(cancelled + "/cancel", "").body());
        clock.advance(Duration.ofHours(1));
        results(schemas, cancelled);
        provider.batches(plan.delay(Duration.ofHours(48)));
        String expired = "/v1/messages/batches/"
                + id(client.ask("/v1/messages/batches", body).body());
        clock.advance(Duration.ofHours(25));
        results(schemas, expired);
        schemas.assertConforms("ErrorResponse", get("/v1/messages/batches/msgbatch_none"));
        schemas.assertConforms(
                "ErrorResponse", client.ask("/v1/messages/batches", "{}").body());
    }

    @Test
    void pagesOfAnthropic_goBothWays() {
        for (int i = 0; i < 5; i++) {
            client.ask("/v1/messages/batches", "{\"requests\":[" + request("r" + i) + "]}");
        }
        JsonNode first = Json.value(bytes(get("/v1/messages/batches?limit=2")));
        JsonNode second = Json.value(bytes(get(
                "/v1/messages/batches?limit=2&after_id=" + first.path("last_id").asString(""))));
        JsonNode back = Json.value(bytes(get("/v1/messages/batches?limit=2&before_id="
                + second.path("first_id").asString(""))));
        assertThat(back.path("data")).isEqualTo(first.path("data"));
        assertThat(back.path("has_more").asBoolean()).isFalse();
        assertThat(second.path("has_more").asBoolean()).isTrue();
    }

    private void results(Schemas schemas, String batch) {
        schemas.assertConforms("MessageBatch", get(batch));
        String results = get(batch + "/results");
        assertThat(results.lines()).hasSize(2);
        results.lines().forEach(line -> schemas.assertConforms("MessageBatchIndividualResponse", line));
    }
}
