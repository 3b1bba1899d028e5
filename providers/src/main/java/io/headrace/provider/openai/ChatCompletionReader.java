package io.headrace.provider.openai;

import io.headrace.Usage;
import io.headrace.model.ChatCollector;
import io.headrace.model.ChatDelta;
import io.headrace.model.ChatResponse;
import io.headrace.provider.http.JsonValues;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * Reads a chat completion, whole or chunk by chunk, which have one shape, into deltas. Tolerant of whatever compatible servers
 * add or leave out. For one answer; not thread-safe.
 */
final class ChatCompletionReader {

    private final boolean isStream;
    private final Consumer<ChatDelta> deltas;
    private final Map<Integer, ChoiceReader> choices = new TreeMap<>();
    private String id = "";
    private String model = "";
    private String serviceTier = "";
    private Usage usage = Usage.UNKNOWN;
    private boolean hasError;

    private ChatCompletionReader(boolean isStream, Consumer<ChatDelta> deltas) {
        this.isStream = isStream;
        this.deltas = deltas;
    }

    /** Reads the chunks of a stream. */
    static ChatCompletionReader ofChunks(Consumer<ChatDelta> deltas) {
        return new ChatCompletionReader(true, deltas);
    }

    /** A whole answer; null if the body tells of an error. */
    static @Nullable ChatResponse read(JsonParser in) {
        ChatCollector answer = ChatCollector.create();
        ChatCompletionReader reader = new ChatCompletionReader(false, answer::add);
        if (!reader.object(in)) {
            return null;
        }
        reader.end("");
        return answer.answer();
    }

    /** Reads a completion or a chunk; false if it tells of an error. */
    boolean object(JsonParser in) {
        if (in.nextToken() != JsonToken.START_OBJECT) {
            throw new IllegalArgumentException("the answer is no JSON object");
        }
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "id" -> id = JsonValues.string(in, id);
                case "model" -> model = JsonValues.string(in, model);
                case "service_tier" -> serviceTier = JsonValues.string(in, serviceTier);
                case "choices" -> choices(in);
                case "usage" -> usage = JsonValues.isObject(in) ? UsageReader.read(in) : usage;
                case "error" -> error(in);
                // an error that is not wrapped, as of older vLLM
                case "object" -> hasError |= JsonValues.is("error", in);
                default -> in.skipChildren();
            }
        }
        return !hasError;
    }

    /**
     * Ends a streamed answer.
     *
     * @throws IllegalArgumentException if there was no choice, or one did not end: a gateway sends the end marker even when the
     *     model behind it broke off
     */
    void endStream(String requestId) {
        choices.forEach((index, choice) -> {
            if (!choice.isFinished()) {
                throw new IllegalArgumentException("choice " + index + " has no finish_reason: its answer broke off");
            }
        });
        end(requestId);
    }

    /**
     * Ends the answer.
     *
     * @throws IllegalArgumentException if there was no choice
     */
    private void end(String requestId) {
        if (choices.isEmpty()) {
            throw new IllegalArgumentException("the answer has no choices");
        }
        for (ChoiceReader choice : choices.values()) {
            choice.end(deltas);
        }
        deltas.accept(new ChatDelta.End(id, model, usage, requestId, serviceTier));
    }

    private void choices(JsonParser in) {
        if (!JsonValues.isArray(in)) {
            return;
        }
        int position = 0;
        Set<Integer> seen = new HashSet<>();
        while (in.nextToken() != JsonToken.END_ARRAY) {
            if (JsonValues.isObject(in)) {
                choice(in, position++, seen);
            }
        }
    }

    /**
     * @param seen indexes of the whole choices before it: some servers give all of them the same one
     */
    private void choice(JsonParser in, int position, Set<Integer> seen) {
        ChoiceReader.Piece piece = new ChoiceReader.Piece();
        int index = position;
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "index" -> index = (int) Math.min(JsonValues.count(in, position), Integer.MAX_VALUE);
                // Perplexity sends both: a chunk's message repeats what came before, and a whole answer's delta is
                // empty
                case "message", "delta" -> piece.message(in, name.equals(isStream ? "delta" : "message"));
                case "logprobs" -> piece.logprobs(in);
                case "finish_reason" -> {
                    piece.finishReason = JsonValues.stringOrNull(in);
                    // a gateway's word for a model that broke off
                    hasError |= "error".equals(piece.finishReason);
                }
                // gateways tell here of a model that broke off
                case "error" -> error(in);
                default -> in.skipChildren();
            }
        }
        while (!isStream && !seen.add(index)) {
            index++;
        }
        choices.computeIfAbsent(index, ChoiceReader::new).add(piece, deltas);
    }

    private void error(JsonParser in) {
        hasError |= in.currentToken() != JsonToken.VALUE_NULL;
        in.skipChildren();
    }
}
