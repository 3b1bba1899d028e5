package io.headrace.provider.openai;

import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.ToolChoice;
import io.headrace.provider.http.ChatEvents;
import io.headrace.provider.http.ChatOperation;
import io.headrace.provider.http.JsonFields;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;

/** {@code POST /chat/completions}. */
record ChatCompletions(String maxTokensField) implements ChatOperation {

    private static final Set<String> SUPPORTED = Set.of(
            "temperature",
            "topP",
            "presencePenalty",
            "frequencyPenalty",
            "maxOutputTokens",
            "stop",
            "seed",
            "n",
            "topLogprobs",
            "reasoningEffort",
            "answerFormat",
            "tools",
            "toolChoice",
            "parallelToolCalls");

    @Override
    public void write(ChatRequest request, JsonGenerator json) {
        fields(request, json).end();
    }

    @Override
    public void writeStreamed(ChatRequest request, JsonGenerator json) {
        JsonFields out = fields(request, json);
        out.bool("stream", true);
        if (out.begins("stream_options")) {
            json.writeStartObject();
            json.writeBooleanProperty("include_usage", true);
            json.writeEndObject();
        }
        out.end();
    }

    private JsonFields fields(ChatRequest request, JsonGenerator json) {
        if (Boolean.TRUE.equals(request.extra().get("stream"))) {
            throw new IllegalArgumentException("extra field \"stream\": put the call into a ChatStream for that");
        }
        request.requireOnly("OpenAI's Chat Completions", SUPPORTED);
        Limits.check(request, 1, maxTokensField);
        JsonFields out = JsonFields.begin(json, request.extra());
        out.string("model", request.model());
        if (out.begins("messages")) {
            new ChatMessages(json).write(request.messages());
        }
        out.number("temperature", request.temperature());
        out.number("top_p", request.topP());
        out.number(maxTokensField, request.maxOutputTokens());
        out.strings("stop", request.stop());
        out.number("seed", request.seed());
        out.number("n", request.n());
        out.number("presence_penalty", request.presencePenalty());
        out.number("frequency_penalty", request.frequencyPenalty());
        if (request.topLogprobs() != null) {
            out.bool("logprobs", true);
            out.number("top_logprobs", request.topLogprobs());
        }
        if (request.reasoningEffort() != null) {
            out.string("reasoning_effort", Schemas.effort(request.reasoningEffort()));
        }
        if (request.answerFormat() != null && out.begins("response_format")) {
            Schemas.writeFormat(request.answerFormat(), "json_schema", json);
        }
        if (!request.tools().isEmpty() && out.begins("tools")) {
            Schemas.writeTools(request.tools(), "function", json);
        }
        ToolChoice choice = request.toolChoice();
        if (choice != null && out.begins("tool_choice")) {
            Schemas.writeToolChoice(choice, "function", json);
        }
        out.bool("parallel_tool_calls", request.parallelToolCalls());
        return out;
    }

    @Override
    public boolean answersSeveral() {
        return true;
    }

    @Override
    public @Nullable ChatResponse read(JsonParser in) {
        return ChatCompletionReader.read(in);
    }

    @Override
    public ChatEvents events(String requestId) {
        return new ChatCompletionEvents(requestId);
    }
}
