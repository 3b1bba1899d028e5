package io.headrace.model;

import io.headrace.model.Message.Role;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What is asked of a chat model, as any provider takes it. Absent (null, empty) means: not sent, the provider's default
 * holds. Every component shapes the answer and is part of the fingerprint.
 *
 * @param model the provider's name of the model
 * @param messages the conversation, system messages first; at least one message
 * @param temperature randomness, from 0; the upper end is the provider's
 * @param topP nucleus sampling, above 0 to 1
 * @param maxOutputTokens upper bound of the answer in tokens, at least 1, reasoning included
 * @param stop texts that end the answer
 * @param seed asks for repeatable sampling, where the provider has it
 * @param extra raw fields for the request's JSON, for what has no name here; values are JSON values (null, strings,
 *     numbers, booleans, lists, maps), and they overrule fields of the same name
 */
public record ChatRequest(
        String model,
        List<Message> messages,
        @Nullable Double temperature,
        @Nullable Double topP,
        @Nullable Integer maxOutputTokens,
        List<String> stop,
        @Nullable Long seed,
        Map<String, @Nullable Object> extra) {

    /**
     * @throws IllegalArgumentException for a value outside its range, naming it
     */
    public ChatRequest {
        Objects.requireNonNull(model, "model");
        if (model.isBlank()) {
            throw new IllegalArgumentException("a chat request needs a model");
        }
        messages = List.copyOf(messages);
        if (messages.isEmpty()) {
            throw new IllegalArgumentException("a chat request needs at least one message");
        }
        if (temperature != null && !(temperature >= 0 && temperature <= 100)) {
            throw new IllegalArgumentException("temperature must be a number from 0, not " + temperature);
        }
        if (topP != null && !(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException("topP must lie above 0 and at most at 1, not " + topP);
        }
        if (maxOutputTokens != null && maxOutputTokens < 1) {
            throw new IllegalArgumentException("maxOutputTokens must be at least 1, not " + maxOutputTokens);
        }
        stop = List.copyOf(stop);
        extra = Collections.unmodifiableMap(new LinkedHashMap<>(extra));
    }

    public static Builder builder(String model) {
        return new Builder(model);
    }

    /** The model and sizes only: messages are prompts. */
    @Override
    public String toString() {
        return "ChatRequest[" + model + ", " + messages + "]";
    }

    /** Collects the parts of a {@link ChatRequest}. Not thread-safe. */
    public static final class Builder {

        private final String model;
        private final List<Message> messages = new ArrayList<>();
        private @Nullable Double temperature;
        private @Nullable Double topP;
        private @Nullable Integer maxOutputTokens;
        private List<String> stop = List.of();
        private @Nullable Long seed;
        private final Map<String, @Nullable Object> extra = new LinkedHashMap<>();

        private Builder(String model) {
            this.model = Objects.requireNonNull(model, "model");
        }

        public Builder system(String text) {
            return message(new Message(Role.SYSTEM, text));
        }

        public Builder user(String text) {
            return message(new Message(Role.USER, text));
        }

        public Builder assistant(String text) {
            return message(new Message(Role.ASSISTANT, text));
        }

        /** Appends a message. */
        public Builder message(Message message) {
            messages.add(Objects.requireNonNull(message, "message"));
            return this;
        }

        public Builder temperature(double temperature) {
            this.temperature = temperature;
            return this;
        }

        public Builder topP(double topP) {
            this.topP = topP;
            return this;
        }

        public Builder maxOutputTokens(int maxOutputTokens) {
            this.maxOutputTokens = maxOutputTokens;
            return this;
        }

        public Builder stop(String... stop) {
            this.stop = List.of(stop);
            return this;
        }

        public Builder seed(long seed) {
            this.seed = seed;
            return this;
        }

        /** Adds a raw field to the request's JSON. */
        public Builder extra(String field, @Nullable Object value) {
            extra.put(Objects.requireNonNull(field, "field"), value);
            return this;
        }

        /**
         * @throws IllegalArgumentException for a value outside its range or without any message
         */
        public ChatRequest build() {
            return new ChatRequest(model, messages, temperature, topP, maxOutputTokens, stop, seed, extra);
        }
    }
}
