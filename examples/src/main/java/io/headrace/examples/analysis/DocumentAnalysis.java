package io.headrace.examples.analysis;

import io.headrace.Call;
import io.headrace.examples.analysis.CorpusSummary.TopicCount;
import io.headrace.flow.MapStep;
import io.headrace.flow.Pipeline;
import io.headrace.flow.Reduction;
import io.headrace.flow.Step;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import reactor.core.publisher.Mono;

/**
 * Analyses documents in two stages and sums up the corpus in a third: {@link #topics} finds what a document is about,
 * {@link #classify} needs these topics to put it into one category, {@link #summary} counts and lets the model write a
 * paragraph. One call a stage and document, one for the summary; temperature 0 unless told and bounded answers, so that repeated
 * runs agree and costs have a ceiling. An answer that does not fit fails its document in the step, after it was cached.
 *
 * <p>Immutable.
 */
public final class DocumentAnalysis {

    /** The categories unless told. */
    public static final List<String> CATEGORIES = List.of(
            "finance",
            "law",
            "politics",
            "health",
            "science",
            "technology",
            "mathematics",
            "education",
            "sports",
            "food",
            "travel",
            "nature",
            "arts",
            "other");

    private static final int TOPIC_DOCUMENTS = 10_000;
    private static final int SUMMARY_DOCUMENTS = 10;

    private final Call<ChatRequest, ChatResponse> chat;
    private final Call<ChatRequest, ChatResponse> summaryChat;
    private final AnalysisSettings settings;

    private DocumentAnalysis(
            Call<ChatRequest, ChatResponse> chat,
            Call<ChatRequest, ChatResponse> summaryChat,
            AnalysisSettings settings) {
        this.chat = Objects.requireNonNull(chat, "chat");
        this.summaryChat = Objects.requireNonNull(summaryChat, "summaryChat");
        this.settings = Objects.requireNonNull(settings, "settings");
    }

    /**
     * @param chat answers all three stages
     * @param model the provider's name of the model
     */
    public static DocumentAnalysis of(Call<ChatRequest, ChatResponse> chat, String model) {
        return of(chat, AnalysisSettings.of(model));
    }

    /**
     * @param chat answers all three stages
     * @param settings what is asked for
     */
    public static DocumentAnalysis of(Call<ChatRequest, ChatResponse> chat, AnalysisSettings settings) {
        return new DocumentAnalysis(chat, chat, settings);
    }

    /** Asks {@code summaryChat} for the summary: online, where {@code chat} goes in batches, which answer items only. */
    public DocumentAnalysis summaryBy(Call<ChatRequest, ChatResponse> summaryChat) {
        return new DocumentAnalysis(chat, summaryChat, settings);
    }

    /**
     * Classifies into other categories.
     *
     * @throws IllegalArgumentException for less than two
     */
    public DocumentAnalysis categories(List<String> categories) {
        return new DocumentAnalysis(chat, summaryChat, settings.withCategories(categories));
    }

    /**
     * Speaks to a reasoning model: allows so many output tokens more for each call, and sends no temperature, which these
     * models reject. 0, the default, is for models that answer at once.
     *
     * @throws IllegalArgumentException for a negative number
     */
    public DocumentAnalysis reasoningTokens(int reasoningTokens) {
        return new DocumentAnalysis(chat, summaryChat, settings.withReasoningTokens(reasoningTokens));
    }

    /** The settings on one line: with equal configuration, equal documents get equal requests. */
    public String configuration() {
        return settings.configuration();
    }

    /** Both stages, from a document's text to its analysis. */
    public Pipeline<String, Analysis> pipeline() {
        return topics().then(classify());
    }

    /** Stage one: the main topics of a document. */
    public MapStep<String, DocumentTopics> topics() {
        return Step.map(
                "topics",
                text -> text.isBlank()
                        ? Mono.error(new IllegalArgumentException("the document is empty"))
                        : ask(
                                        chat,
                                        settings.prompts().topics(),
                                        text,
                                        settings.maxOutputTokens().topics())
                                .map(answer -> new DocumentTopics(text, Answers.topics(answer))));
    }

    /** Stage two: the category of a document whose topics are known. */
    public MapStep<DocumentTopics, Analysis> classify() {
        List<String> categories = settings.categories();
        String prompt =
                settings.prompts().classify().replace(AnalysisSettings.CATEGORIES_PLACE, String.join(", ", categories));
        return Step.map(
                "classify",
                document -> ask(
                                chat,
                                prompt,
                                withTopics(document),
                                settings.maxOutputTokens().classify())
                        .map(answer -> Answers.analysis(answer, document.topics(), categories)));
    }

    /**
     * Stage three: the distribution of the categories, the most frequent topics, and a paragraph on them and on ten
     * documents. Its state holds at most 10,000 analyses; topics of a larger corpus are counted in a sample of that size.
     */
    public Reduction<Analysis, ?, CorpusSummary> summary() {
        return new Reduction<>("summary", () -> new CorpusCounts(TOPIC_DOCUMENTS), CorpusCounts::add, this::summary);
    }

    private Mono<CorpusSummary> summary(CorpusCounts counts) {
        Mono<String> prose = counts.documents() == 0
                ? Mono.just("")
                : ask(
                                summaryChat,
                                settings.prompts().summary(),
                                figures(counts),
                                settings.maxOutputTokens().summary())
                        .map(Answers::prose);
        return prose.map(text -> new CorpusSummary(
                counts.documents(), counts.categories(), counts.topics(), counts.topicDocuments(), text));
    }

    private Mono<ChatResponse> ask(
            Call<ChatRequest, ChatResponse> call, String system, String user, int maxOutputTokens) {
        ChatRequest.Builder request = ChatRequest.builder(settings.model())
                .system(system)
                .user(user)
                .maxOutputTokens(maxOutputTokens + settings.reasoningTokens());
        Double temperature = settings.sentTemperature();
        if (temperature != null) {
            request.temperature(temperature);
        }
        Long seed = settings.seed();
        if (seed != null) {
            request.seed(seed);
        }
        return call.apply(request.build());
    }

    private static String withTopics(DocumentTopics document) {
        return "Topics: " + String.join(", ", document.topics()) + "\n\nDocument:\n" + document.text();
    }

    private static String figures(CorpusCounts counts) {
        StringBuilder figures = new StringBuilder("Documents: " + counts.documents() + "\nOf each category:\n");
        counts.categories()
                .forEach((category, documents) ->
                        figures.append(category).append(": ").append(documents).append('\n'));
        figures.append("Frequent topics: ")
                .append(counts.topics().stream().map(TopicCount::topic).collect(Collectors.joining(", ")))
                .append("\nTopics of some documents:\n");
        counts.sample(SUMMARY_DOCUMENTS)
                .forEach(document -> figures.append("- ")
                        .append(String.join(", ", document.value().topics()))
                        .append('\n'));
        return figures.toString();
    }
}
