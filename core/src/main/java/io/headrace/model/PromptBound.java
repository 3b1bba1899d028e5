package io.headrace.model;

import java.util.OptionalLong;

/** How many tokens a prompt can have at most: a text has no more than bytes in UTF-8. */
final class PromptBound {

    /** The start of the answer and whatever stands round the whole. */
    private static final int PER_REQUEST = 64;

    /** More than a message or a text adds to what it says: role, separators, type. */
    private static final int PER_PIECE = 16;

    /** More than the instructions that providers add when there are tools, or a schema for the answer. */
    private static final int FOR_INSTRUCTIONS = 2_048;

    private PromptBound() {}

    /** Empty for a request with images, documents or extra fields, whose tokens only the provider knows. */
    static OptionalLong of(ChatRequest request) {
        PromptTexts prompt = PromptTexts.of(request);
        if (prompt.images() > 0 || prompt.documents() > 0 || !request.extra().isEmpty()) {
            return OptionalLong.empty();
        }
        long tokens = PER_REQUEST + (long) PER_PIECE * request.messages().size();
        tokens += request.tools().isEmpty() ? 0 : FOR_INSTRUCTIONS;
        tokens += request.answerFormat() == null ? 0 : FOR_INSTRUCTIONS;
        for (String text : prompt.texts()) {
            tokens += PER_PIECE + Utf8Length.of(text);
        }
        return OptionalLong.of(tokens);
    }
}
