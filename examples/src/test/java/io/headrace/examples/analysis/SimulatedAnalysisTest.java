package io.headrace.examples.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.headrace.Call;
import io.headrace.ErrorKind;
import io.headrace.Outcome;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.ResponseCache;
import io.headrace.dataset.Dataset;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.openai.OpenAi;
import io.headrace.testkit.Fault;
import io.headrace.testkit.SimulatedProvider;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Flux;

/** The pipeline against the simulated provider, over real HTTP. */
@Timeout(60)
class SimulatedAnalysisTest {

    private final SimulatedProvider provider = SimulatedProvider.builder().start();
    private final OpenAi openAi =
            OpenAi.builder().baseUrl(provider.baseUrl() + "/v1").apiKey("any").build();
    private final ResponseCache cache = InMemoryCache.create();
    private final Call<ChatRequest, ChatResponse> chat =
            CallStack.chat(openAi.chat()).cache(cache).build();
    private final DocumentAnalysis analysis = DocumentAnalysis.of(chat, "gpt-4o-mini");

    @AfterEach
    void close() {
        cache.close();
        openAi.close();
        provider.close();
    }

    @Test
    void shippedDocuments_getTheirCategories() {
        Map<String, String> categories = analysed(ShippedDocuments.dataset()).stream()
                .collect(Collectors.toMap(
                        outcome -> outcome.item().id(),
                        outcome -> value(outcome).category()));

        assertThat(categories)
                .hasSize(30)
                .containsEntry("rate-decision", "finance")
                .containsEntry("sleep-study", "health")
                .containsEntry("cup-final", "sports")
                .containsEntry("sourdough", "food")
                .containsEntry("night-train", "travel")
                .containsEntry("password-keys", "technology")
                .containsEntry("contract-ruling", "law")
                .containsEntry("first-storm", "nature")
                .containsEntry("reading-class", "education")
                .containsEntry("museum-night", "arts");
    }

    @Test
    void shippedDocuments_areSummedUp() {
        CorpusSummary summary = analysis.summary()
                .apply(ShippedDocuments.dataset().items().transform(analysis.pipeline()))
                .block();

        assertThat(summary.documents()).isEqualTo(30);
        assertThat(summary.categories().values().stream().mapToLong(Long::longValue))
                .hasSizeGreaterThan(8);
        assertThat(summary.topics()).hasSize(20);
        assertThat(summary.prose()).startsWith("Of 30 documents, ");
        assertThat(provider.statistics().requests()).isEqualTo(61);
    }

    @Test
    void aSecondTime_costsNothingAndGivesTheSame() {
        CorpusSummary first = analysis.summary()
                .apply(ShippedDocuments.dataset().items().transform(analysis.pipeline()))
                .block();
        CorpusSummary second = analysis.summary()
                .apply(ShippedDocuments.dataset().items().transform(analysis.pipeline()))
                .block();

        assertThat(second).isEqualTo(first);
        assertThat(provider.statistics().requests()).isEqualTo(61);
    }

    @Test
    void anAnswerThatCannotBeRead_failsItsDocumentAndIsNotPaidTwice() {
        provider.failNext(1, verbatim("I would rather not."));
        Dataset<String> one = ShippedDocuments.dataset().take(1);

        for (int time = 0; time < 2; time++) {
            assertThat(outcomes(one)).singleElement().isInstanceOfSatisfying(Outcome.Failed.class, failed -> {
                assertThat(failed.step()).isEqualTo("topics");
                assertThat(failed.kind()).isEqualTo(ErrorKind.STEP_FAILED);
                assertThat(failed.message()).contains("the answer of 19 characters holds no JSON");
            });
        }
        assertThat(provider.statistics().requests()).isEqualTo(1);
    }

    @Test
    void gsm8k_isAnalysedWhole() {
        Path gsm8k = Stream.of("../shared", "../../shared")
                .map(folder -> Path.of(folder, "data", "gsm8k-test.jsonl"))
                .filter(Files::exists)
                .findFirst()
                .orElse(null);
        assumeTrue(gsm8k != null, "skipped: ../shared/data/gsm8k-test.jsonl is not there");

        List<Outcome<Analysis>> outcomes =
                analysed(Dataset.jsonl(gsm8k).text("question").take(50));

        assertThat(outcomes).hasSize(50);
        assertThat(outcomes.stream().map(outcome -> value(outcome).category()).distinct())
                .contains("finance", "food", "travel");
    }

    private List<Outcome<Analysis>> analysed(Dataset<String> dataset) {
        List<Outcome<Analysis>> outcomes = outcomes(dataset);
        assertThat(outcomes).allSatisfy(outcome -> assertThat(outcome).isInstanceOf(Outcome.Ok.class));
        return outcomes;
    }

    private List<Outcome<Analysis>> outcomes(Dataset<String> dataset) {
        Flux<Outcome<Analysis>> outcomes = dataset.items().transform(analysis.pipeline());
        return outcomes.collectList().block();
    }

    private static Analysis value(Outcome<Analysis> outcome) {
        return ((Outcome.Ok<Analysis>) outcome).value();
    }

    private static Fault verbatim(String answer) {
        return Fault.answer(200, Map.of("content-type", "application/json"), """
                {"id":"x","model":"gpt-4o-mini","choices":[{"index":0,"finish_reason":"stop",
                "message":{"role":"assistant","content":"%s"}}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}""".formatted(answer));
    }
}
