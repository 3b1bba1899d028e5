package io.headrace.provider.anthropic;

import io.headrace.model.AnswerFormat;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.Message;
import io.headrace.model.Message.Role;
import io.headrace.model.ReasoningEffort;
import io.headrace.model.Tool;
import io.headrace.model.ToolChoice;
import io.headrace.provider.http.ChatEvents;
import io.headrace.provider.http.ChatOperation;
import io.headrace.provider.http.JsonFields;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;

/** {@code POST /v1/messages}. */
record Messages(String version) implements ChatOperation {

    private static final Pattern TOOL_NAME = Pattern.compile("[A-Za-z0-9_-]{1,128}");

    private static final Set<String> SUPPORTED = Set.of(
            "temperature",
            "topP",
            "topK",
            "maxOutputTokens",
            "stop",
            "n",
            "reasoningEffort",
            "answerFormat",
            "tools",
            "toolChoice",
            "parallelToolCalls");

    @Override
    public void write(ChatRequest request, JsonGenerator json) {
        write(request, json, false);
    }

    @Override
    public void writeStreamed(ChatRequest request, JsonGenerator json) {
        write(request, json, true);
    }

    private void write(ChatRequest request, JsonGenerator json, boolean isStreamed) {
        check(request);
        JsonFields out = JsonFields.begin(json, request.extra());
        out.string("model", request.model());
        out.number("max_tokens", request.maxOutputTokens());
        prompt(request, out, json);
        out.number("temperature", request.temperature());
        out.number("top_p", request.topP());
        out.number("top_k", request.topK());
        out.strings("stop_sequences", request.stop());
        if (isStreamed) {
            out.begins("stream");
            json.writeBoolean(true);
        }
        out.end();
    }

    @Override
    public @Nullable ChatResponse read(JsonParser in) {
        return new MessageReader(in).read();
    }

    @Override
    public ChatEvents events(String requestId) {
        return new MessageEvents(requestId);
    }

    /** Everything that counts as input, in the order in which the prompt cache sees it but for the tools. */
    static void prompt(ChatRequest request, JsonFields out, JsonGenerator json) {
        int systems = systems(request);
        PromptWriter prompt = new PromptWriter(json);
        if (systems > 0 && out.begins("system")) {
            prompt.system(request.messages().subList(0, systems));
        }
        if (out.begins("messages")) {
            prompt.messages(request.messages(), systems);
        }
        if (!request.tools().isEmpty() && out.begins("tools")) {
            prompt.tools(request.tools());
        }
        toolChoice(request, out, json);
        thinking(request.reasoningEffort(), out, json);
        outputConfig(request, out, json);
    }

    private static void toolChoice(ChatRequest request, JsonFields out, JsonGenerator json) {
        Boolean parallel = request.parallelToolCalls();
        ToolChoice choice = request.toolChoice() == null && parallel != null ? ToolChoice.AUTO : request.toolChoice();
        if (choice == null || !out.begins("tool_choice")) {
            return;
        }
        json.writeStartObject();
        json.writeStringProperty(
                "type",
                switch (choice.mode()) {
                    case AUTO -> "auto";
                    case NONE -> "none";
                    case REQUIRED -> "any";
                    case NAMED -> "tool";
                });
        if (choice.tool() != null) {
            json.writeStringProperty("name", choice.tool());
        }
        if (parallel != null && choice.mode() != ToolChoice.Mode.NONE) {
            json.writeBooleanProperty("disable_parallel_tool_use", !parallel);
        }
        json.writeEndObject();
    }

    private static void thinking(@Nullable ReasoningEffort effort, JsonFields out, JsonGenerator json) {
        if (effort != null && out.begins("thinking")) {
            json.writeStartObject();
            json.writeStringProperty("type", effort == ReasoningEffort.NONE ? "disabled" : "adaptive");
            json.writeEndObject();
        }
    }

    private static void outputConfig(ChatRequest request, JsonFields out, JsonGenerator json) {
        ReasoningEffort effort = request.reasoningEffort() == ReasoningEffort.NONE ? null : request.reasoningEffort();
        AnswerFormat format = request.answerFormat();
        if ((effort == null && format == null) || !out.begins("output_config")) {
            return;
        }
        json.writeStartObject();
        if (format instanceof AnswerFormat.Schema schema) {
            json.writeObjectPropertyStart("format");
            json.writeStringProperty("type", "json_schema");
            json.writeName("schema");
            json.writeRawValue(schema.schema().json());
            json.writeEndObject();
        }
        if (effort != null) {
            json.writeStringProperty("effort", effort.name().toLowerCase(Locale.ROOT));
        }
        json.writeEndObject();
    }

    private void check(ChatRequest request) {
        if (request.maxOutputTokens() == null && !request.extra().containsKey("max_tokens")) {
            throw new IllegalArgumentException("maxOutputTokens is missing: Anthropic requires max_tokens");
        }
        request.requireOnly("Anthropic", SUPPORTED);
        if (request.n() != null && request.n() > 1) {
            throw new IllegalArgumentException("n is " + request.n() + ": Anthropic gives one answer a request");
        }
        if (request.temperature() != null && request.temperature() > 1) {
            throw new IllegalArgumentException(
                    "temperature is " + request.temperature() + ": Anthropic takes it from 0 to 1");
        }
        if (version.compareTo(Anthropic.VERSION_WITHOUT_SAMPLING) >= 0) {
            refuse("temperature", request.temperature());
            refuse("topP", request.topP());
            refuse("topK", request.topK());
        }
        checkPrompt(request);
        if (request.extra().containsKey("stream")) {
            throw new IllegalArgumentException("extra field \"stream\": whoever subscribes decides, see ChatStream");
        }
    }

    /** Refuses what {@link #prompt} has no place for. */
    static void checkPrompt(ChatRequest request) {
        for (Tool tool : request.tools()) {
            if (!TOOL_NAME.matcher(tool.name()).matches()) {
                throw new IllegalArgumentException(
                        "a tool is called '" + tool.name() + "': names have 1 to 128 letters, digits, _ and -");
            }
        }
        if (request.reasoningEffort() == ReasoningEffort.MINIMAL) {
            throw new IllegalArgumentException(
                    "reasoningEffort is MINIMAL: Anthropic has NONE, LOW, MEDIUM, HIGH, XHIGH and MAX");
        }
        if (request.answerFormat() instanceof AnswerFormat.Json) {
            throw new IllegalArgumentException("answerFormat is JSON of any form: Anthropic takes a schema only");
        }
        if (request.answerFormat() instanceof AnswerFormat.Schema schema
                && !schema.description().isEmpty()) {
            throw new IllegalArgumentException(
                    "answerFormat has a description: Anthropic has no place for it but in the schema itself");
        }
    }

    private void refuse(String field, @Nullable Number value) {
        if (value != null) {
            throw new IllegalArgumentException(field + " is set: the API version " + version
                    + " refuses it; leave it out, or choose version " + Anthropic.VERSION_WITH_SAMPLING);
        }
    }

    /** How many messages of the system lead; they have no place further on. */
    private static int systems(ChatRequest request) {
        List<Message> messages = request.messages();
        int count = 0;
        while (count < messages.size() && messages.get(count).role() == Role.SYSTEM) {
            count++;
        }
        for (int i = count; i < messages.size(); i++) {
            if (messages.get(i).role() == Role.SYSTEM) {
                throw new IllegalArgumentException(
                        "messages[" + i + "] is of the system: Anthropic takes those at the start only");
            }
        }
        if (count == messages.size() && !request.extra().containsKey("messages")) {
            throw new IllegalArgumentException(
                    "messages: Anthropic needs one from the user beside those of the system");
        }
        return count;
    }
}
