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
 * paragraph. One call a stage and document, one for the summary; temperature 0 and bounded answers, so that repeated runs
 * agree and costs have a ceiling. An answer that does not fit fails its document in the step, after it was cached.
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

    private static final String TOPICS_PROMPT = """
            You extract the main topics of a document. Answer with a JSON array of 3 to 5 short topics in lower case, \
            the most important first, and nothing else.""";
    private static final String CLASSIFY_PROMPT = """
            You classify a document into exactly one of these categories: %s. Answer with a JSON object \
            {"category": one of them, "confidence": a number from 0 to 1} and nothing else.""";
    private static final String SUMMARY_PROMPT = """
            You write the summary of a corpus of documents for its report: one paragraph of at most 120 words, plain prose, \
            nothing but what the figures and the sample say.""";

    private static final int TOPICS_TOKENS = 120;
    private static final int CLASSIFY_TOKENS = 60;
    private static final int SUMMARY_TOKENS = 300;

    private static final int TOPIC_DOCUMENTS = 10_000;
    private static final int SUMMARY_DOCUMENTS = 10;

    private final Call<ChatRequest, ChatResponse> chat;
    private final String model;
    private final List<String> categories;
    private final int reasoningTokens;

    private DocumentAnalysis(
            Call<ChatRequest, ChatResponse> chat, String model, List<String> categories, int reasoningTokens) {
        this.chat = Objects.requireNonNull(chat, "chat");
        this.model = Objects.requireNonNull(model, "model");
        this.categories = List.copyOf(categories);
        this.reasoningTokens = reasoningTokens;
    }

    /**
     * @param chat answers all three stages
     * @param model the provider's name of the model
     */
    public static DocumentAnalysis of(Call<ChatRequest, ChatResponse> chat, String model) {
        return new DocumentAnalysis(chat, model, CATEGORIES, 0);
    }

    /**
     * Classifies into other categories.
     *
     * @throws IllegalArgumentException for less than two
     */
    public DocumentAnalysis categories(List<String> categories) {
        if (categories.size() < 2) {
            throw new IllegalArgumentException("classifying needs at least two categories, not " + categories);
        }
        return new DocumentAnalysis(chat, model, categories, reasoningTokens);
    }

    /**
     * Speaks to a reasoning model: allows so many output tokens more for each call, and sends no temperature, which these
     * models reject. 0, the default, is for models that answer at once.
     *
     * @throws IllegalArgumentException for a negative number
     */
    public DocumentAnalysis reasoningTokens(int reasoningTokens) {
        if (reasoningTokens < 0) {
            throw new IllegalArgumentException("reasoningTokens must not be negative, is " + reasoningTokens);
        }
        return new DocumentAnalysis(chat, model, categories, reasoningTokens);
    }

    /** Model, categories and prompts on one line: with equal configuration, equal documents get equal requests. */
    public String configuration() {
        int prompts = List.of(
                        TOPICS_PROMPT, CLASSIFY_PROMPT, SUMMARY_PROMPT, TOPICS_TOKENS, CLASSIFY_TOKENS, SUMMARY_TOKENS)
                .hashCode();
        return "document-analysis model=%s categories=%s reasoning=%d prompts=%08x"
                .formatted(model, String.join(",", categories), reasoningTokens, prompts);
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
                        : ask(TOPICS_PROMPT, text, TOPICS_TOKENS)
                                .map(answer -> new DocumentTopics(text, Answers.topics(answer))));
    }

    /** Stage two: the category of a document whose topics are known. */
    public MapStep<DocumentTopics, Analysis> classify() {
        String prompt = CLASSIFY_PROMPT.formatted(String.join(", ", categories));
        return Step.map(
                "classify",
                document -> ask(prompt, withTopics(document), CLASSIFY_TOKENS)
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
                : ask(SUMMARY_PROMPT, figures(counts), SUMMARY_TOKENS).map(Answers::prose);
        return prose.map(text -> new CorpusSummary(
                counts.documents(), counts.categories(), counts.topics(), counts.topicDocuments(), text));
    }

    private Mono<ChatResponse> ask(String system, String user, int maxOutputTokens) {
        ChatRequest.Builder request =
                ChatRequest.builder(model).system(system).user(user).maxOutputTokens(maxOutputTokens + reasoningTokens);
        return chat.apply((reasoningTokens == 0 ? request.temperature(0) : request).build());
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
