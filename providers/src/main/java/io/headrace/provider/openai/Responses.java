package io.headrace.provider.openai;

import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.http.ChatEvents;
import io.headrace.provider.http.ChatOperation;
import io.headrace.provider.http.JsonFields;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;

/** {@code POST /responses}. */
record Responses() implements ChatOperation {

    private static final int FEWEST_TOKENS = 16;

    private static final Set<String> SUPPORTED = Set.of(
            "temperature",
            "topP",
            "maxOutputTokens",
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
        out.end();
    }

    private static JsonFields fields(ChatRequest request, JsonGenerator json) {
        for (String field : new String[] {"stream", "background"}) {
            if (Boolean.TRUE.equals(request.extra().get(field))) {
                throw new IllegalArgumentException("extra field \"" + field
                        + "\": a chat call waits for its answer; put it into a ChatStream for one in pieces");
            }
        }
        request.requireOnly("OpenAI's Responses", SUPPORTED);
        Limits.check(request, FEWEST_TOKENS, "max_output_tokens");
        JsonFields out = JsonFields.begin(json, request.extra());
        out.string("model", request.model());
        if (out.begins("input")) {
            new ResponseInput(json).write(request.messages());
        }
        out.number("temperature", request.temperature());
        out.number("top_p", request.topP());
        out.number("max_output_tokens", request.maxOutputTokens());
        if (request.topLogprobs() != null) {
            out.number("top_logprobs", request.topLogprobs());
            out.strings("include", List.of("message.output_text.logprobs"));
        }
        if (request.reasoningEffort() != null && out.begins("reasoning")) {
            json.writeStartObject();
            json.writeStringProperty("effort", Schemas.effort(request.reasoningEffort()));
            json.writeEndObject();
        }
        if (request.answerFormat() != null && out.begins("text")) {
            json.writeStartObject();
            json.writeName("format");
            Schemas.writeFormat(request.answerFormat(), null, json);
            json.writeEndObject();
        }
        if (!request.tools().isEmpty() && out.begins("tools")) {
            Schemas.writeTools(request.tools(), null, json);
        }
        if (request.toolChoice() != null && out.begins("tool_choice")) {
            Schemas.writeToolChoice(request.toolChoice(), null, json);
        }
        out.bool("parallel_tool_calls", request.parallelToolCalls());
        return out;
    }

    @Override
    public @Nullable ChatResponse read(JsonParser in) {
        in.nextToken();
        return new ResponseReader(in).read();
    }

    @Override
    public ChatEvents events(String requestId) {
        return new ResponseEvents(requestId);
    }
}
