package io.headrace.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.HttpResponse;
import com.openai.errors.NotFoundException;
import com.openai.errors.OpenAIServiceException;
import com.openai.models.batches.Batch;
import com.openai.models.batches.BatchCreateParams;
import com.openai.models.batches.BatchListParams;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FileObject;
import com.openai.models.files.FilePurpose;
import io.headrace.testkit.SimulatedBatches;
import io.headrace.testkit.SimulatedProvider;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The official Java client of OpenAI drives the files and batches of the simulated provider. */
class OpenAiBatchClientTest {

    private final SimulatedProvider provider = SimulatedProvider.builder().start();
    private final OpenAIClient client = OpenAIOkHttpClient.builder()
            .baseUrl(provider.baseUrl() + "/v1")
            .apiKey("sk-good")
            .maxRetries(0)
            .build();

    @TempDir
    Path folder;

    @AfterEach
    void close() {
        client.close();
        provider.close();
    }

    @Test
    void batch_isUploadedMadeAndCollected() throws IOException {
        FileObject file = upload(3);
        assertThat(client.files().retrieve(file.id()).validate().filename()).isEqualTo("in.jsonl");
        assertThat(client.files().list().autoPager()).extracting(FileObject::id).containsExactly(file.id());

        Batch made = create(file);
        Batch batch = client.batches().retrieve(made.id()).validate();
        assertThat(batch.status()).isEqualTo(Batch.Status.COMPLETED);
        assertThat(batch.requestCounts().orElseThrow().completed()).isEqualTo(3);

        try (HttpResponse content = client.files().content(batch.outputFileId().orElseThrow())) {
            String lines = new String(content.body().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(lines.lines()).hasSize(3).allMatch(line -> line.contains("\"status_code\":200"));
        }
        assertThat(client.files().delete(file.id()).validate().deleted()).isTrue();
        assertThatThrownBy(() -> client.files().retrieve(file.id())).isInstanceOf(NotFoundException.class);
    }

    @Test
    void batches_areListedPageByPageAndCancelled() throws IOException {
        provider.batches(SimulatedBatches.DEFAULT.delay(Duration.ofHours(1)).cancelDelay(Duration.ofMinutes(1)));
        FileObject file = upload(2);
        List<String> made =
                IntStream.range(0, 5).mapToObj(i -> create(file).id()).toList();

        assertThat(client.batches()
                        .list(BatchListParams.builder().limit(2L).build())
                        .autoPager())
                .extracting(Batch::id)
                .containsExactlyInAnyOrderElementsOf(made);
        Batch cancelled = client.batches().cancel(made.get(0)).validate();
        assertThat(cancelled.status()).isEqualTo(Batch.Status.CANCELLING);
        assertThatThrownBy(() -> client.batches().retrieve("batch_none")).isInstanceOf(NotFoundException.class);
        client.files().delete(file.id());
        assertThatThrownBy(() -> create(file)).isInstanceOf(OpenAIServiceException.class);
    }

    @Test
    void badFile_failsTheBatch() throws IOException {
        Path path = folder.resolve("bad.jsonl");
        Files.writeString(path, line(1) + "\n" + line(1) + "\nno json\n");
        FileObject file = client.files()
                .create(FileCreateParams.builder()
                        .file(path)
                        .purpose(FilePurpose.BATCH)
                        .build());
        Batch batch = client.batches().retrieve(create(file).id()).validate();

        assertThat(batch.status()).isEqualTo(Batch.Status.FAILED);
        assertThat(batch.errors().orElseThrow().data().orElseThrow())
                .extracting(error -> error.code().orElse(""))
                .containsExactly("duplicate_custom_id", "invalid_json_line");
    }

    private FileObject upload(int requests) throws IOException {
        Path path = folder.resolve("in.jsonl");
        Files.writeString(
                path,
                IntStream.range(0, requests)
                        .mapToObj(OpenAiBatchClientTest::line)
                        .collect(Collectors.joining("\n")));
        return client.files()
                .create(FileCreateParams.builder()
                        .file(path)
                        .purpose(FilePurpose.BATCH)
                        .build())
                .validate();
    }

    private Batch create(FileObject file) {
        return client.batches()
                .create(BatchCreateParams.builder()
                        .inputFileId(file.id())
                        .endpoint(BatchCreateParams.Endpoint.V1_CHAT_COMPLETIONS)
                        .completionWindow(BatchCreateParams.CompletionWindow._24H)
                        .build())
                .validate();
    }

    private static String line(int i) {
        return "{\"custom_id\":\"r" + i + "\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{\"model\":"
                + "\"gpt-4o-mini\",\"messages\":[{\"role\":\"user\",\"content\":\"Duck " + i + "\"}]}}";
    }
}
