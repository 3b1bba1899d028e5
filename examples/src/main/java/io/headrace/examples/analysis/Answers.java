package io.headrace.examples.analysis;

import io.headrace.ApiException;
import io.headrace.Codec;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.model.ChatResponse;
import io.headrace.model.FinishReason;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads what the prompts ask for out of answers, with the patience that real models need: JSON may stand in a code fence or
 * between polite sentences. Each method throws an {@link IllegalArgumentException} that says what is wrong with the answer, or
 * an {@link ApiException} of kind {@link ErrorKind#REFUSED} if there is none because it was declined or filtered.
 */
final class Answers {

    /** A category and how sure the model is of it, as it answers. */
    record Label(@Nullable String category, @Nullable Double confidence) {}

    private static final Codec<String[]> TOPICS = Codec.json(String[].class);
    private static final Codec<Label> LABEL = Codec.json(Label.class);

    private static final int MOST_TOPICS = 5;
    /** Of topics and categories, in characters. */
    static final int LONGEST_NAME = 80;

    private Answers() {}

    /** The first five topics, each cut to 80 characters. */
    static List<String> topics(ChatResponse answer) {
        List<String> topics = Arrays.stream(json(answer, '[', ']', TOPICS))
                .filter(topic -> topic != null && !topic.isBlank())
                .map(Answers::name)
                .limit(MOST_TOPICS)
                .toList();
        if (topics.isEmpty()) {
            throw new IllegalArgumentException("the answer names no topic");
        }
        return topics;
    }

    /** The analysis of a document with {@code topics}, whose category is one of {@code categories} in any case. */
    static Analysis analysis(ChatResponse answer, List<String> topics, List<String> categories) {
        Label label = json(answer, '{', '}', LABEL);
        String named = label.category() == null ? "" : name(label.category());
        String category = categories.stream()
                .filter(named::equalsIgnoreCase)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "the answer's category '" + named + "' is not one of " + categories));
        Double confidence = label.confidence();
        if (confidence == null || !(confidence >= 0 && confidence <= 1)) {
            throw new IllegalArgumentException("the answer's confidence is not a number from 0 to 1 but " + confidence);
        }
        return new Analysis(topics, category, confidence);
    }

    static String prose(ChatResponse answer) {
        return whole(answer);
    }

    private static <T> T json(ChatResponse answer, char open, char close, Codec<T> codec) {
        String text = whole(answer);
        int start = text.indexOf(open);
        int end = text.lastIndexOf(close);
        if (start < 0 || end < start) {
            throw new IllegalArgumentException(
                    "the answer of " + text.length() + " characters holds no JSON between " + open + " and " + close);
        }
        return codec.decode(text.substring(start, end + 1).getBytes(StandardCharsets.UTF_8));
    }

    private static String whole(ChatResponse answer) {
        if (answer.finishReason() == FinishReason.CONTENT_FILTER) {
            throw refused("the provider's content filter took the answer away");
        }
        if (answer.finishReason() == FinishReason.REFUSAL || answer.refusal() != null) {
            throw refused("the model declined to answer");
        }
        if (answer.finishReason() == FinishReason.LENGTH) {
            throw new IllegalArgumentException(
                    "the answer was cut at the limit of tokens; a reasoning model needs a higher one");
        }
        return answer.text().strip();
    }

    private static ApiException refused(String message) {
        return ApiException.builder(ErrorKind.REFUSED, message)
                .delivery(Delivery.ANSWERED)
                .build();
    }

    /** How a topic or category is read. */
    static String name(String raw) {
        String name = raw.strip();
        return name.length() <= LONGEST_NAME ? name : name.substring(0, LONGEST_NAME);
    }
}
