package io.headrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.core.http.StreamResponse;
import com.anthropic.errors.NotFoundException;
import com.anthropic.models.messages.batches.BatchCreateParams;
import com.anthropic.models.messages.batches.BatchListParams;
import com.anthropic.models.messages.batches.MessageBatch;
import com.anthropic.models.messages.batches.MessageBatchIndividualResponse;
import io.headrace.testkit.SimulatedBatches;
import io.headrace.testkit.SimulatedProvider;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The official Java client of Anthropic drives the message batches of the simulated provider. */
class AnthropicBatchClientTest {

    private final SimulatedProvider provider = SimulatedProvider.builder().start();
    private final AnthropicClient client = AnthropicOkHttpClient.builder()
            .baseUrl(provider.baseUrl())
            .authToken("sk-good")
            .maxRetries(0)
            .build();

    @AfterEach
    void close() {
        client.close();
        provider.close();
    }

    @Test
    void batch_isMadeAndCollected() {
        provider.batches(SimulatedBatches.DEFAULT.fates(id -> id.equals("r1") ? SimulatedBatches.Fate.FAILED : null));
        MessageBatch made = create(3);
        assertThat(made.processingStatus()).isEqualTo(MessageBatch.ProcessingStatus.IN_PROGRESS);

        MessageBatch batch = client.messages().batches().retrieve(made.id()).validate();
        assertThat(batch.processingStatus()).isEqualTo(MessageBatch.ProcessingStatus.ENDED);
        assertThat(batch.requestCounts().succeeded()).isEqualTo(2);
        assertThat(batch.requestCounts().errored()).isEqualTo(1);
        try (StreamResponse<MessageBatchIndividualResponse> results =
                client.messages().batches().resultsStreaming(batch.id())) {
            List<MessageBatchIndividualResponse> all = results.stream()
                    .map(MessageBatchIndividualResponse::validate)
                    .toList();
            assertThat(all)
                    .extracting(MessageBatchIndividualResponse::customId)
                    .containsExactlyInAnyOrder("r0", "r1", "r2");
            assertThat(all.stream().filter(result -> result.result().isSucceeded()))
                    .hasSize(2);
        }
        client.messages().batches().delete(batch.id()).validate();
        assertThatThrownBy(() -> client.messages().batches().retrieve(batch.id()))
                .isInstanceOf(NotFoundException.class);
    }

    @Test
    void batches_areListedPageByPageAndCancelled() {
        provider.batches(SimulatedBatches.DEFAULT.delay(Duration.ofHours(1)).cancelDelay(Duration.ofMinutes(1)));
        List<String> made = IntStream.range(0, 5).mapToObj(i -> create(1).id()).toList();

        assertThat(client.messages()
                        .batches()
                        .list(BatchListParams.builder().limit(2L).build())
                        .autoPager())
                .extracting(MessageBatch::id)
                .containsExactlyInAnyOrderElementsOf(made);
        MessageBatch cancelled = client.messages().batches().cancel(made.get(0)).validate();
        assertThat(cancelled.processingStatus()).isEqualTo(MessageBatch.ProcessingStatus.CANCELING);
        assertThat(cancelled.cancelInitiatedAt()).isPresent();
    }

    private MessageBatch create(int requests) {
        BatchCreateParams.Builder batch = BatchCreateParams.builder();
        for (int i = 0; i < requests; i++) {
            batch.addRequest(BatchCreateParams.Request.builder()
                    .customId("r" + i)
                    .params(BatchCreateParams.Request.Params.builder()
                            .model("claude-sonnet-4-5")
                            .maxTokens(100)
                            .addUserMessage("Duck " + i)
                            .build())
                    .build());
        }
        return client.messages().batches().create(batch.build()).validate();
    }
}
