package io.headrace.model;

import io.headrace.Require;
import io.headrace.model.Message.Role;
import io.headrace.model.Part.Reasoning;
import io.headrace.model.Part.Refusal;
import io.headrace.model.Part.Text;
import io.headrace.model.Part.ToolCall;
import io.headrace.model.Part.ToolResult;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is asked of a chat model, as any provider takes it. Absent (null, empty) means: not sent, the provider's default
 * holds. What a provider has no place for is refused before anything is sent, see {@link ChatCall}.
 *
 * <p>Every component shapes the answer and is part of the fingerprint; only {@linkplain Part.CachePoint cache points} are not.
 *
 * @param model the provider's name of the model
 * @param messages the conversation, system messages first; at least one message
 * @param temperature randomness, from 0; the upper end is the provider's
 * @param topP nucleus sampling, above 0 to 1
 * @param topK sampling from so many of the likeliest tokens, at least 1
 * @param presencePenalty from -2 to 2: above 0 the model avoids tokens that came before
 * @param frequencyPenalty from -2 to 2: above 0 it avoids them the more, the more often they came
 * @param maxOutputTokens upper bound of the answer in tokens, at least 1, reasoning included
 * @param stop texts that end the answer
 * @param seed asks for repeatable sampling, where the provider has it
 * @param n how many answers to give, at least 1, each a {@link Choice}; all are paid for
 * @param topLogprobs asks for log probabilities: of the tokens of the answer and of so many others at each place, from 0
 * @param reasoningEffort how much to think
 * @param answerFormat the form of the answer; null for text
 * @param tools functions that the model may ask for, their names unique
 * @param toolChoice whether it may, must or must not; only with tools
 * @param parallelToolCalls whether one answer may hold several tool calls; only with tools
 * @param extra raw fields for the request's JSON, for what has no name here; values are JSON values (null, strings,
 *     numbers, booleans, lists, maps), and they overrule fields of the same name
 */
public record ChatRequest(
        String model,
        List<Message> messages,
        @Nullable Double temperature,
        @Nullable Double topP,
        @Nullable Integer topK,
        @Nullable Double presencePenalty,
        @Nullable Double frequencyPenalty,
        @Nullable Integer maxOutputTokens,
        List<String> stop,
        @Nullable Long seed,
        @Nullable Integer n,
        @Nullable Integer topLogprobs,
        @Nullable ReasoningEffort reasoningEffort,
        @Nullable AnswerFormat answerFormat,
        List<Tool> tools,
        @Nullable ToolChoice toolChoice,
        @Nullable Boolean parallelToolCalls,
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
        requireFrom(1, topK, "topK");
        requirePenalty(presencePenalty, "presencePenalty");
        requirePenalty(frequencyPenalty, "frequencyPenalty");
        requireFrom(1, maxOutputTokens, "maxOutputTokens");
        stop = List.copyOf(stop);
        requireFrom(1, n, "n");
        requireFrom(0, topLogprobs, "topLogprobs");
        tools = List.copyOf(tools);
        if (tools.size() > 1 && tools.stream().map(Tool::name).distinct().count() < tools.size()) {
            throw new IllegalArgumentException("two tools have one name: " + tools);
        }
        if (tools.isEmpty() && (toolChoice != null || parallelToolCalls != null)) {
            throw new IllegalArgumentException(
                    (toolChoice != null ? "toolChoice" : "parallelToolCalls") + " is set, but there are no tools");
        }
        if (toolChoice != null && toolChoice.tool() != null && tools.stream().noneMatch(toolChoice::names)) {
            throw new IllegalArgumentException(
                    "toolChoice names " + toolChoice.tool() + ", which is none of the tools");
        }
        extra = extra.isEmpty() ? Map.of() : Collections.unmodifiableMap(new LinkedHashMap<>(extra));
    }

    public static Builder builder(String model) {
        return new Builder(model);
    }

    /** A builder with everything that is here, to change some of it or to go on with the conversation. */
    public Builder toBuilder() {
        return new Builder(this);
    }

    /**
     * For encoders: refuses what the provider cannot do. A component that is added to this class is refused by every encoder
     * until it says otherwise.
     *
     * @param provider for the message
     * @param supported names of components beside {@code model}, {@code messages} and {@code extra}
     * @throws IllegalArgumentException naming the component that is set and not among {@code supported}
     */
    public void requireOnly(String provider, Set<String> supported) {
        require(temperature, "temperature", provider, supported);
        require(topP, "topP", provider, supported);
        require(topK, "topK", provider, supported);
        require(presencePenalty, "presencePenalty", provider, supported);
        require(frequencyPenalty, "frequencyPenalty", provider, supported);
        require(maxOutputTokens, "maxOutputTokens", provider, supported);
        require(stop, "stop", provider, supported);
        require(seed, "seed", provider, supported);
        require(n, "n", provider, supported);
        require(topLogprobs, "topLogprobs", provider, supported);
        require(reasoningEffort, "reasoningEffort", provider, supported);
        require(answerFormat, "answerFormat", provider, supported);
        require(tools, "tools", provider, supported);
        require(toolChoice, "toolChoice", provider, supported);
        require(parallelToolCalls, "parallelToolCalls", provider, supported);
    }

    /** For encoders: the texts that no error message and no log may repeat. */
    public List<String> prompts() {
        List<String> prompts = new ArrayList<>();
        for (Message message : messages) {
            addTexts(message.parts(), prompts);
        }
        return prompts;
    }

    private static void addTexts(List<Part> parts, List<String> texts) {
        for (Part part : parts) {
            if (part instanceof Text text) {
                texts.add(text.text());
            } else if (part instanceof Refusal refusal) {
                texts.add(refusal.text());
            } else if (part instanceof Reasoning reasoning) {
                texts.add(reasoning.text());
            } else if (part instanceof ToolCall call) {
                texts.add(call.arguments());
            } else if (part instanceof ToolResult result) {
                addTexts(result.content(), texts);
            }
        }
    }

    private static void require(@Nullable Object value, String component, String provider, Set<String> supported) {
        boolean isSet = value instanceof Collection<?> values ? !values.isEmpty() : value != null;
        if (isSet && !supported.contains(component)) {
            throw new IllegalArgumentException(component + " is set: " + provider + " has none");
        }
    }

    private static void requireFrom(int least, @Nullable Integer value, String name) {
        if (value != null) {
            Require.atLeast(least, value, name);
        }
    }

    private static void requirePenalty(@Nullable Double value, String name) {
        if (value != null && !(value >= -2 && value <= 2)) {
            throw new IllegalArgumentException(name + " must lie between -2 and 2, not at " + value);
        }
    }

    /** The model and sizes only: messages are prompts. */
    @Override
    public String toString() {
        return "ChatRequest[" + model + ", " + messages + "]";
    }

    /** Collects the parts of a {@link ChatRequest}. Not thread-safe. */
    public static final class Builder {

        private String model;
        private final List<Message> messages = new ArrayList<>();
        private @Nullable Double temperature;
        private @Nullable Double topP;
        private @Nullable Integer topK;
        private @Nullable Double presencePenalty;
        private @Nullable Double frequencyPenalty;
        private @Nullable Integer maxOutputTokens;
        private List<String> stop = List.of();
        private @Nullable Long seed;
        private @Nullable Integer n;
        private @Nullable Integer topLogprobs;
        private @Nullable ReasoningEffort reasoningEffort;
        private @Nullable AnswerFormat answerFormat;
        private final List<Tool> tools = new ArrayList<>();
        private @Nullable ToolChoice toolChoice;
        private @Nullable Boolean parallelToolCalls;
        private final Map<String, @Nullable Object> extra = new LinkedHashMap<>();

        private Builder(String model) {
            this.model = Objects.requireNonNull(model, "model");
        }

        private Builder(ChatRequest from) {
            this.model = from.model;
            this.messages.addAll(from.messages);
            this.temperature = from.temperature;
            this.topP = from.topP;
            this.topK = from.topK;
            this.presencePenalty = from.presencePenalty;
            this.frequencyPenalty = from.frequencyPenalty;
            this.maxOutputTokens = from.maxOutputTokens;
            this.stop = from.stop;
            this.seed = from.seed;
            this.n = from.n;
            this.topLogprobs = from.topLogprobs;
            this.reasoningEffort = from.reasoningEffort;
            this.answerFormat = from.answerFormat;
            this.tools.addAll(from.tools);
            this.toolChoice = from.toolChoice;
            this.parallelToolCalls = from.parallelToolCalls;
            this.extra.putAll(from.extra);
        }

        /** Another model, for a request made from one for the first. */
        public Builder model(String model) {
            this.model = Objects.requireNonNull(model, "model");
            return this;
        }

        public Builder system(String text) {
            return message(new Message(Role.SYSTEM, text));
        }

        public Builder user(String text) {
            return message(new Message(Role.USER, text));
        }

        /** Appends a message of texts, images and documents. */
        public Builder user(Part... parts) {
            return message(Message.user(parts));
        }

        public Builder assistant(String text) {
            return message(new Message(Role.ASSISTANT, text));
        }

        /** Appends the first choice of an answer, with its tool calls and reasoning, to go on from there. */
        public Builder answer(ChatResponse answer) {
            return message(answer.choice().message());
        }

        /** Appends what the tools gave that the answer before called. */
        public Builder toolResults(ToolResult... results) {
            return message(Message.tool(results));
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

        public Builder topK(int topK) {
            this.topK = topK;
            return this;
        }

        public Builder presencePenalty(double presencePenalty) {
            this.presencePenalty = presencePenalty;
            return this;
        }

        public Builder frequencyPenalty(double frequencyPenalty) {
            this.frequencyPenalty = frequencyPenalty;
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

        /** Null asks for one answer, as if nothing was said. */
        public Builder n(@Nullable Integer n) {
            this.n = n;
            return this;
        }

        public Builder topLogprobs(int topLogprobs) {
            this.topLogprobs = topLogprobs;
            return this;
        }

        public Builder reasoningEffort(ReasoningEffort reasoningEffort) {
            this.reasoningEffort = Objects.requireNonNull(reasoningEffort, "reasoningEffort");
            return this;
        }

        public Builder answerFormat(AnswerFormat answerFormat) {
            this.answerFormat = Objects.requireNonNull(answerFormat, "answerFormat");
            return this;
        }

        /** Asks for JSON that fills in {@code record}; a {@link Structured} of it reads the answer. */
        public Builder answerAs(Class<?> record) {
            return answerFormat(Structured.of(record).format());
        }

        /** Adds tools. */
        public Builder tools(Tool... tools) {
            this.tools.addAll(List.of(tools));
            return this;
        }

        public Builder toolChoice(ToolChoice toolChoice) {
            this.toolChoice = Objects.requireNonNull(toolChoice, "toolChoice");
            return this;
        }

        public Builder parallelToolCalls(boolean parallelToolCalls) {
            this.parallelToolCalls = parallelToolCalls;
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
            return new ChatRequest(
                    model,
                    messages,
                    temperature,
                    topP,
                    topK,
                    presencePenalty,
                    frequencyPenalty,
                    maxOutputTokens,
                    stop,
                    seed,
                    n,
                    topLogprobs,
                    reasoningEffort,
                    answerFormat,
                    tools,
                    toolChoice,
                    parallelToolCalls,
                    extra);
        }
    }
}
