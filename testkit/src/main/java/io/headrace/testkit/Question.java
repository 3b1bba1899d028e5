package io.headrace.testkit;

import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** A request that was read. */
interface Question {

    /** The model that is asked, empty if none is. */
    String model();

    /** What is wrong with the request's form, null if nothing is. */
    Wire.@Nullable Problem problem();

    /** What it would take from a quota, null if it is free. */
    default @Nullable Demand demand(PromptCache promptCache) {
        return null;
    }

    Content answer(Occasion occasion);

    /**
     * A good answer.
     *
     * @param pieces server-sent events, each with its empty line; or the one JSON value
     * @param outputTokens that it has
     */
    record Content(boolean isStream, List<byte[]> pieces, long outputTokens) {

        static Content whole(byte[] json) {
            return whole(json, 0);
        }

        static Content whole(byte[] json, long outputTokens) {
            return new Content(false, List.of(json), outputTokens);
        }

        static Content stream(List<byte[]> events, long outputTokens) {
            return new Content(true, List.copyOf(events), outputTokens);
        }

        /** The JSON value of an answer that is no stream. */
        byte[] json() {
            return pieces.get(0);
        }
    }

    /**
     * When and by whom a question is answered.
     *
     * @param model plays the model
     * @param occurrence to be shown in the answer, 0 for not
     * @param createdSeconds the time of the answer
     * @param random depends on seed, body and occurrence only
     * @param promptCache what the provider keeps of earlier prompts
     * @param models that exist; empty if any does
     * @param isOfBatch whether it came in a batch
     */
    record Occasion(
            KeywordModel model,
            int occurrence,
            long createdSeconds,
            SplittableRandom random,
            PromptCache promptCache,
            Set<String> models,
            boolean isOfBatch) {

        /** A new id. */
        String id(String prefix) {
            return prefix + HexFormat.of().toHexDigits(random.nextLong());
        }
    }
}
