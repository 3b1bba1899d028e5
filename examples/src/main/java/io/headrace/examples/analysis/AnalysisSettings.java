package io.headrace.examples.analysis;

import io.headrace.Require;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What an experiment may change of a document analysis. Each method gives a changed copy.
 *
 * @param model the provider's name of the model
 * @param categories what documents are classified into, at least two, different in more than case
 * @param prompts what the model is told in each stage
 * @param maxOutputTokens how long its answers may be
 * @param reasoningTokens output tokens more for each call of a reasoning model; 0 for a model that answers at once
 * @param temperature from 0; null for 0, and for a reasoning model none
 * @param seed sent with each call; null for none
 */
public record AnalysisSettings(
        String model,
        List<String> categories,
        Prompts prompts,
        OutputTokens maxOutputTokens,
        int reasoningTokens,
        @Nullable Double temperature,
        @Nullable Long seed) {

    /** Stands for the categories in a prompt. */
    public static final String CATEGORIES_PLACE = "{categories}";

    /** The system messages of the three stages; that of the second holds {@value #CATEGORIES_PLACE}. */
    public record Prompts(String topics, String classify, String summary) {

        static final Prompts DEFAULT = new Prompts("""
                You extract the main topics of a document. Answer with a JSON array of 3 to 5 short topics in lower case, \
                the most important first, and nothing else.""", """
                You classify a document into exactly one of these categories: {categories}. Answer with a JSON object \
                {"category": one of them, "confidence": a number from 0 to 1} and nothing else.""", """
                You write the summary of a corpus of documents for its report: one paragraph of at most 120 words, plain prose, \
                nothing but what the figures and the sample say.""");

        /**
         * @throws IllegalArgumentException for a prompt without text, and one for classifying that does not name the categories
         */
        public Prompts {
            if (topics.isBlank() || classify.isBlank() || summary.isBlank()) {
                throw new IllegalArgumentException("a prompt must have text");
            }
            if (!classify.contains(CATEGORIES_PLACE)) {
                throw new IllegalArgumentException("the prompt for classifying must hold " + CATEGORIES_PLACE);
            }
        }

        /** The prompts of this package. */
        public static Prompts standard() {
            return DEFAULT;
        }
    }

    /** The longest answers of the three stages, in tokens, at least 1. */
    public record OutputTokens(int topics, int classify, int summary) {

        private static final OutputTokens DEFAULT = new OutputTokens(120, 60, 300);

        /**
         * @throws IllegalArgumentException for a number below 1
         */
        public OutputTokens {
            if (Math.min(topics, Math.min(classify, summary)) < 1) {
                throw new IllegalArgumentException("an answer needs at least 1 token");
            }
        }

        /** What the standard prompts need. */
        public static OutputTokens standard() {
            return DEFAULT;
        }
    }

    /**
     * @throws IllegalArgumentException for a value outside its range, for categories that no answer could name or tell apart, and for a
     *     temperature with reasoning tokens
     */
    public AnalysisSettings {
        Objects.requireNonNull(model, "model");
        categories = List.copyOf(categories);
        if (categories.size() < 2) {
            throw new IllegalArgumentException("classifying needs at least two categories, not " + categories);
        }
        Set<String> different = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        for (String category : categories) {
            if (!different.add(Answers.name(category))) {
                throw new IllegalArgumentException(
                        "two categories are '" + category + "': answers are read whatever their case");
            }
            if (!Answers.name(category).equals(category)) {
                throw new IllegalArgumentException("no answer would be read as the category '" + category
                        + "': names have at most " + Answers.LONGEST_NAME + " characters and no blanks round them");
            }
        }
        Objects.requireNonNull(prompts, "prompts");
        Objects.requireNonNull(maxOutputTokens, "maxOutputTokens");
        Require.atLeast(0, reasoningTokens, "reasoningTokens");
        if (temperature != null && !(temperature >= 0)) {
            throw new IllegalArgumentException("temperature must not be negative, is " + temperature);
        }
        if (temperature != null && reasoningTokens > 0) {
            throw new IllegalArgumentException("reasoning models take no temperature: leave one of the two out");
        }
    }

    /** The settings of this package. */
    public static AnalysisSettings of(String model) {
        return new AnalysisSettings(
                model, DocumentAnalysis.CATEGORIES, Prompts.standard(), OutputTokens.standard(), 0, null, null);
    }

    public AnalysisSettings withCategories(List<String> categories) {
        return new AnalysisSettings(model, categories, prompts, maxOutputTokens, reasoningTokens, temperature, seed);
    }

    public AnalysisSettings withReasoningTokens(int reasoningTokens) {
        return new AnalysisSettings(model, categories, prompts, maxOutputTokens, reasoningTokens, temperature, seed);
    }

    /** All of it on one line: with equal configuration, equal documents get equal requests. */
    String configuration() {
        int asked = List.of(
                        prompts.topics(),
                        prompts.classify(),
                        prompts.summary(),
                        maxOutputTokens.topics(),
                        maxOutputTokens.classify(),
                        maxOutputTokens.summary())
                .hashCode(); // that of a record may differ between Java versions
        String line = String.format(
                Locale.ROOT, // some languages have other digits
                "document-analysis model=%s categories=%s reasoning=%d prompts=%08x",
                model,
                String.join(",", categories),
                reasoningTokens,
                asked);
        return line
                + (temperature == null ? "" : " temperature=" + temperature)
                + (seed == null ? "" : " seed=" + seed);
    }

    /** What is sent as the temperature; null for nothing. */
    @Nullable
    Double sentTemperature() {
        return temperature != null ? temperature : reasoningTokens == 0 ? Double.valueOf(0) : null;
    }
}
