package io.headrace.examples.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ErrorKind;
import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.Tally;
import io.headrace.Usage;
import io.headrace.examples.analysis.CorpusSummary.TopicCount;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.FinishReason;
import io.headrace.model.Message;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

class DocumentAnalysisTest {

    private static final DocumentTopics RULING = new DocumentTopics("The court ruled.", List.of("court", "ruling"));

    private final List<ChatRequest> asked = new ArrayList<>();

    @Test
    void topics_asksOnceAtTemperatureZeroWithABoundedAnswer() {
        assertThat(topics("[\"court\", \"law\", \"appeal\"]")).isInstanceOf(Outcome.Ok.class);

        assertThat(asked).hasSize(1);
        ChatRequest request = asked.get(0);
        assertThat(request.model()).isEqualTo("test-model");
        assertThat(request.temperature()).isZero();
        assertThat(request.maxOutputTokens()).isPositive();
        assertThat(request.messages()).last().isEqualTo(Message.user("The court ruled."));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[\"court\",\"law\",\"appeal\"]",
                "```json\n[\"court\", \"law\",\n \"appeal\"]\n```",
                "```\n[\"court\",\"law\",\"appeal\"]\n```",
                "Here are the topics:\n[\" court \",\"\",\"law\",null,\"appeal\"]\nLet me know if you need more."
            })
    void topics_readsTheArrayWhateverStandsRoundIt(String answer) {
        assertThat(topics(answer))
                .isInstanceOfSatisfying(
                        Outcome.Ok.class,
                        ok -> assertThat(ok.value())
                                .isEqualTo(new DocumentTopics("The court ruled.", List.of("court", "law", "appeal"))));
    }

    @Test
    void topics_keepsTheFirstFiveAndCutsLongOnes() {
        Outcome<DocumentTopics> outcome = topics("[\"a\",\"b\",\"c\",\"d\",\"" + "e".repeat(500) + "\",\"f\"]");

        assertThat(outcome)
                .isInstanceOfSatisfying(
                        Outcome.Ok.class,
                        ok -> assertThat(((DocumentTopics) ok.value()).topics())
                                .containsExactly("a", "b", "c", "d", "e".repeat(80)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "court, law and appeal", "[]", "[\"\"]", "[\"court\", ", "[\"court\" \"law\"]", "][", "[{}]"
            })
    void topics_failsTheItemForAnAnswerWithoutTopics(String answer) {
        assertThat(topics(answer))
                .isInstanceOfSatisfying(
                        Outcome.Failed.class,
                        failed -> assertThat(failed.kind()).isEqualTo(ErrorKind.STEP_FAILED));
        assertThat(asked).hasSize(1);
    }

    @Test
    void topics_failsForACutAnswer_sayingSo() {
        Outcome<DocumentTopics> outcome = analysis(answer("[\"court\"", FinishReason.LENGTH))
                .topics()
                .apply(Outcome.ok(Item.of("1", 0, "The court ruled.")))
                .block();

        assertThat(message(outcome)).contains("cut at the limit of tokens");
    }

    @ParameterizedTest
    @CsvSource({"CONTENT_FILTER, content filter", "REFUSAL, declined"})
    void topics_ofADocumentThatIsDeclined_isRefused(FinishReason reason, String said) {
        Outcome<DocumentTopics> outcome = analysis(answer("", reason))
                .topics()
                .apply(Outcome.ok(Item.of("1", 0, "The court ruled.")))
                .block();

        assertThat(message(outcome)).contains(said);
        assertThat(((Outcome.Failed<?>) outcome).kind()).isEqualTo(ErrorKind.REFUSED);
    }

    @Test
    void topics_ofAnEmptyDocument_failsWithoutACall() {
        Outcome<DocumentTopics> outcome = analysis(answer("[]", FinishReason.STOP))
                .topics()
                .apply(Outcome.ok(Item.of("1", 0, " \n")))
                .block();

        assertThat(message(outcome)).contains("the document is empty");
        assertThat(asked).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"category\": \"law\", \"confidence\": 0.9}",
                "```json\n{\"category\":\"Law\",\"confidence\":0.9,\"reason\":\"a court\"}\n```",
                "The category is: {\"category\": \" LAW \", \"confidence\": 0.9}."
            })
    void classify_readsTheCategoryWhateverItsCase(String answer) {
        assertThat(classify(answer))
                .isInstanceOfSatisfying(
                        Outcome.Ok.class,
                        ok -> assertThat(ok.value()).isEqualTo(new Analysis(List.of("court", "ruling"), "law", 0.9)));
        assertThat(asked.get(0).messages().get(1).text())
                .contains("court, ruling")
                .contains("The court ruled.");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"category\": \"gardening\", \"confidence\": 0.9} | 'gardening' is not one of [finance, law,",
                "{\"confidence\": 0.9}                              | '' is not one of",
                "{\"category\": \"law\"}                            | confidence is not a number from 0 to 1 but null",
                "{\"category\": \"law\", \"confidence\": 95}        | confidence is not a number from 0 to 1 but 95",
                "{\"category\": \"law\", \"confidence\": \"NaN\"}   | confidence is not a number from 0 to 1 but NaN",
                "{\"category\": \"law\", \"confidence\": \"high\"}  | not JSON of Label",
                "law                                                | holds no JSON"
            })
    void classify_failsTheItemForAnUnusableAnswer_sayingWhy(String answer, String reason) {
        assertThat(message(classify(answer))).contains(reason);
    }

    @Test
    void categories_areTheOnesInThePromptAndInTheCheck() {
        DocumentAnalysis analysis = analysis(answer("{\"category\":\"b\",\"confidence\":1}", FinishReason.STOP))
                .categories(List.of("a", "b"));

        StepVerifier.create(analysis.classify().apply(Outcome.ok(Item.of("1", 0, RULING))))
                .assertNext(outcome -> assertThat(outcome).isInstanceOf(Outcome.Ok.class))
                .verifyComplete();
        assertThat(asked.get(0).messages().get(0).text()).contains("categories: a, b.");
        assertThatThrownBy(() -> analysis.categories(List.of("a")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at least two");
    }

    @Test
    void reasoningTokens_raiseTheLimitAndLeaveOutTheTemperature() {
        DocumentAnalysis plain = analysis(answer("[\"a\"]", FinishReason.STOP));
        plain.topics().apply(Outcome.ok(Item.of("1", 0, "text"))).block();
        plain.reasoningTokens(2_000)
                .topics()
                .apply(Outcome.ok(Item.of("1", 0, "text")))
                .block();

        assertThat(asked.get(1).temperature()).isNull();
        assertThat(asked.get(1).maxOutputTokens()).isEqualTo(asked.get(0).maxOutputTokens() + 2_000);
    }

    @Test
    void configuration_isTheSameInEveryLanguage() {
        DocumentAnalysis analysis = analysis(answer("", FinishReason.STOP)).reasoningTokens(17);
        String here = analysis.configuration();
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
        try {
            assertThat(analysis.configuration()).isEqualTo(here).contains("reasoning=17");
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void configuration_isOneLineAndDiffersWithModelCategoriesAndReasoning() {
        DocumentAnalysis analysis = analysis(answer("", FinishReason.STOP));

        assertThat(analysis.configuration())
                .isEqualTo(analysis(answer("x", FinishReason.STOP)).configuration())
                .contains("test-model")
                .doesNotContain("\n")
                .isNotEqualTo(analysis.categories(List.of("a", "b")).configuration())
                .isNotEqualTo(analysis.reasoningTokens(1).configuration())
                .isNotEqualTo(
                        DocumentAnalysis.of(request -> Mono.never(), "other").configuration());
    }

    @Test
    void summary_countsOkItemsAndAsksOnceForProse() {
        DocumentAnalysis analysis = analysis(answer(" Mostly law. \n", FinishReason.STOP));
        Flux<Outcome<Analysis>> outcomes = Flux.just(
                Outcome.ok(Item.of("1", 0, new Analysis(List.of("court"), "law", 1))),
                Outcome.ok(Item.of("2", 1, new Analysis(List.of("bread"), "food", 1))),
                new Outcome.Skipped<>(Item.of("3", 2, "x"), "filter", Tally.ZERO),
                Outcome.ok(Item.of("4", 3, new Analysis(List.of("court"), "law", 1))));

        StepVerifier.create(analysis.summary().apply(outcomes))
                .expectNext(new CorpusSummary(
                        3,
                        Map.of("law", 2L, "food", 1L),
                        List.of(new TopicCount("court", 2), new TopicCount("bread", 1)),
                        3,
                        "Mostly law."))
                .verifyComplete();
        assertThat(asked).hasSize(1);
        assertThat(asked.get(0).messages().get(1).text()).contains("law: 2\nfood: 1\n");
    }

    @Test
    void summary_asksTheSameWhateverTheOrder() {
        DocumentAnalysis analysis = analysis(answer("Prose.", FinishReason.STOP));
        List<Outcome<Analysis>> outcomes = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            outcomes.add(Outcome.ok(Item.of("d" + i, i, new Analysis(List.of("t" + i), "c" + i % 3, 1))));
        }
        analysis.summary().apply(Flux.fromIterable(outcomes)).block();
        Collections.reverse(outcomes);
        analysis.summary().apply(Flux.fromIterable(outcomes)).block();

        assertThat(asked.get(0)).isEqualTo(asked.get(1));
    }

    @Test
    void summary_ofNothing_asksNothing() {
        StepVerifier.create(analysis(answer("x", FinishReason.STOP)).summary().apply(Flux.empty()))
                .expectNext(new CorpusSummary(0, Map.of(), List.of(), 0, ""))
                .verifyComplete();
        assertThat(asked).isEmpty();
    }

    @Test
    void summary_failsWithItsCall() {
        DocumentAnalysis analysis = DocumentAnalysis.of(request -> Mono.error(new IllegalStateException("down")), "m");

        StepVerifier.create(analysis.summary()
                        .apply(Flux.just(Outcome.ok(Item.of("1", 0, new Analysis(List.of("a"), "law", 1))))))
                .verifyErrorMessage("down");
    }

    private Outcome<DocumentTopics> topics(String answer) {
        return analysis(answer(answer, FinishReason.STOP))
                .topics()
                .apply(Outcome.ok(Item.of("1", 0, "The court ruled.")))
                .block();
    }

    private Outcome<Analysis> classify(String answer) {
        return analysis(answer(answer, FinishReason.STOP))
                .classify()
                .apply(Outcome.ok(Item.of("1", 0, RULING)))
                .block();
    }

    private DocumentAnalysis analysis(ChatResponse answer) {
        return DocumentAnalysis.of(
                request -> Mono.fromSupplier(() -> {
                    asked.add(request);
                    return answer;
                }),
                "test-model");
    }

    private static ChatResponse answer(String text, FinishReason reason) {
        return new ChatResponse("id", "test-model", text, reason, null, Usage.of(10, 5));
    }

    private static String message(Outcome<?> outcome) {
        assertThat(outcome).isInstanceOf(Outcome.Failed.class);
        return ((Outcome.Failed<?>) outcome).message();
    }
}
