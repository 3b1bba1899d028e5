package io.headrace.model;

import io.headrace.Usage;
import io.headrace.model.Part.Reasoning;
import io.headrace.model.Part.Refusal;
import io.headrace.model.Part.Text;
import io.headrace.model.Part.ToolCall;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/** Writes an answer as {@link ChatAnswerReader} reads it. What is empty is left out. For one use. */
final class ChatAnswerWriter {

    private final JsonGenerator to;

    ChatAnswerWriter(JsonGenerator to) {
        this.to = to;
    }

    void write(ChatResponse answer) {
        to.writeStartObject();
        string("id", answer.id());
        string("model", answer.model());
        to.writeArrayPropertyStart("choices");
        for (Choice choice : answer.choices()) {
            write(choice);
        }
        to.writeEndArray();
        write(answer.usage());
        string("requestId", answer.requestId());
        string("serviceTier", answer.serviceTier());
        to.writeEndObject();
    }

    private void write(Choice choice) {
        to.writeStartObject();
        to.writeNumberProperty("index", choice.index());
        to.writeArrayPropertyStart("parts");
        for (Part part : choice.parts()) {
            to.writeStartObject();
            write(part);
            to.writeEndObject();
        }
        to.writeEndArray();
        string("finishReason", choice.finishReason().name());
        string("providerReason", choice.providerReason());
        write("logprobs", choice.logprobs());
        to.writeEndObject();
    }

    private void write(Part part) {
        if (part instanceof Text text) {
            to.writeStringProperty("text", text.text());
        } else if (part instanceof Refusal refusal) {
            to.writeStringProperty("refusal", refusal.text());
        } else if (part instanceof Reasoning thought) {
            to.writeStringProperty("reasoning", thought.text());
            string("id", thought.id());
            string("signature", thought.signature());
            string("encrypted", thought.encrypted());
        } else if (part instanceof ToolCall call) {
            to.writeStringProperty("tool", call.name());
            to.writeStringProperty("id", call.id());
            to.writeStringProperty("arguments", call.arguments());
        }
    }

    private void write(String name, List<TokenLogprob> tokens) {
        if (tokens.isEmpty()) {
            return;
        }
        to.writeArrayPropertyStart(name);
        for (TokenLogprob token : tokens) {
            to.writeStartObject();
            to.writeStringProperty("token", token.token());
            to.writeNumberProperty("logprob", token.logprob());
            write("top", token.top());
            to.writeEndObject();
        }
        to.writeEndArray();
    }

    private void write(Usage usage) {
        to.writeObjectPropertyStart("usage");
        to.writeNumberProperty("inputTokens", usage.inputTokens());
        count("cachedInputTokens", usage.cachedInputTokens());
        count("cacheWriteTokens", usage.cacheWriteTokens());
        count("longCacheWriteTokens", usage.longCacheWriteTokens());
        to.writeNumberProperty("outputTokens", usage.outputTokens());
        count("reasoningTokens", usage.reasoningTokens());
        count("unknown", usage.unknown());
        to.writeEndObject();
    }

    private void string(String name, String value) {
        if (!value.isEmpty()) {
            to.writeStringProperty(name, value);
        }
    }

    private void count(String name, long value) {
        if (value != 0) {
            to.writeNumberProperty(name, value);
        }
    }
}
