package io.headrace.testkit;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.databind.JsonNode;

/** What the simulator reads of a chat request, of either wire, in one pass over its bytes. */
final class ChatBody {

    /** A message; what tools gave is of the role {@code tool}. */
    record Turn(String role, String text) {}

    /** A function that may be called. */
    record Tool(String name, JsonNode parameters) {}

    /** A sampling parameter as it was sent. */
    record Sampling(String field, String value) {}

    /** Whether tools are called. */
    enum ToolChoice {
        AUTO,
        NONE,
        REQUIRED
    }

    private String model = "";

    @Nullable
    List<Turn> turns;

    private final StringBuilder system = new StringBuilder();
    long maxTokens = -1;
    /** Whether {@code max_tokens} was sent, by its old name. */
    boolean hasOldLimit;

    long choices = 1;
    boolean stream;
    boolean includeUsage;
    final List<Tool> tools = new ArrayList<>();
    ToolChoice toolChoice = ToolChoice.AUTO;

    /** The one tool to be called; then the choice is {@code REQUIRED}. */
    @Nullable
    String namedTool;

    /** The schema of the answer. */
    @Nullable
    JsonNode schema;

    boolean jsonObject;
    final List<String> stop = new ArrayList<>();
    boolean logprobs;
    long topLogprobs;
    String effort = "";
    /** The first of {@code temperature}, {@code top_p} and {@code top_k} that was sent. */
    @Nullable
    String sampling;

    /** The first of these that is not 1, which is the usual value of all but the last. */
    @Nullable
    Sampling unusualSampling;

    private ChatBody() {}

    /**
     * @throws JacksonException if the bytes are not a JSON object
     */
    static ChatBody parse(byte[] json) {
        ChatBody body = new ChatBody();
        try (JsonParser parser = Json.parser(json)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new StreamReadException(parser, "the body is not a JSON object");
            }
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String field = parser.currentName();
                body.field(field, parser, parser.nextToken());
            }
            if (parser.nextToken() != null) {
                throw new StreamReadException(parser, "something follows the JSON object");
            }
        }
        return body;
    }

    /** The model that is asked, empty if none is. */
    String model() {
        return model;
    }

    /** The instructions: system and developer texts in order. */
    String instructions() {
        return system.toString();
    }

    /** The text of the last user message, empty if there is none. */
    String userText() {
        String text = "";
        for (Turn turn : turns == null ? List.<Turn>of() : turns) {
            if (turn.role().equals("user")) {
                text = turn.text();
            }
        }
        return text;
    }

    /** What the tools gave after the model called them; null if the conversation is not at that point. */
    @Nullable
    String toolResult() {
        if (turns == null || turns.isEmpty()) {
            return null;
        }
        Turn last = turns.get(turns.size() - 1);
        return last.role().equals("tool") ? last.text() : null;
    }

    /** The tokens of all texts and 4 for each message, as chat formats add marks round every message. */
    int promptTokens() {
        int tokens = Tokens.count(instructions());
        for (Turn turn : turns == null ? List.<Turn>of() : turns) {
            tokens += 4;
            if (!isInstruction(turn.role())) {
                tokens += Tokens.count(turn.text());
            }
        }
        return tokens;
    }

    /** Prompt and most answer, of all choices together. */
    Demand demand() {
        return new Demand(promptTokens(), Math.max(0, maxTokens) * choices);
    }

    private void field(String name, JsonParser parser, JsonToken token) {
        switch (name) {
            case "model" -> {
                model = token == JsonToken.VALUE_STRING ? parser.getString() : "";
                parser.skipChildren();
            }
            case "messages" -> messages(parser, token);
            case "input" -> input(parser, token);
            case "system", "instructions" -> instruct(content(parser, token));
            case "max_tokens", "max_completion_tokens", "max_output_tokens" -> {
                hasOldLimit |= name.equals("max_tokens");
                maxTokens = number(parser, token, -1);
            }
            case "n" -> choices = number(parser, token, 1);
            case "stream" -> {
                stream = token == JsonToken.VALUE_TRUE;
                parser.skipChildren();
            }
            case "stream_options" ->
                includeUsage = Json.tree(parser).path("include_usage").asBoolean(false);
            case "tools" -> tools(Json.tree(parser));
            case "tool_choice" -> toolChoice(Json.tree(parser));
            case "response_format" -> format(Json.tree(parser));
            case "text", "output_config" -> {
                JsonNode config = Json.tree(parser);
                format(config.path("format"));
                effort = config.path("effort").asString(effort);
            }
            case "reasoning" -> effort = Json.tree(parser).path("effort").asString("");
            case "reasoning_effort" -> effort = Json.tree(parser).asString("");
            case "stop", "stop_sequences" -> stop(Json.tree(parser));
            case "logprobs" -> {
                logprobs = token == JsonToken.VALUE_TRUE;
                parser.skipChildren();
            }
            case "top_logprobs" -> topLogprobs = number(parser, token, 0);
            case "temperature", "top_p", "top_k" -> {
                sampling = sampling == null && token != JsonToken.VALUE_NULL ? name : sampling;
                if (unusualSampling == null && token.isNumeric() && parser.getDoubleValue() != 1) {
                    unusualSampling = new Sampling(name, parser.getString());
                }
                parser.skipChildren();
            }
            default -> parser.skipChildren();
        }
    }

    /** Chat Completions wraps a tool in {@code function}; the other wires do not. */
    private void tools(JsonNode list) {
        for (JsonNode each : list) {
            JsonNode tool = each.has("function") ? each.path("function") : each;
            JsonNode parameters = tool.has("input_schema") ? tool.path("input_schema") : tool.path("parameters");
            if (tool.has("name")) {
                tools.add(new Tool(tool.path("name").asString(""), parameters));
            }
        }
    }

    private void toolChoice(JsonNode choice) {
        String mode =
                choice.isString() ? choice.asString() : choice.path("type").asString("");
        JsonNode named = choice.has("function") ? choice.path("function") : choice;
        if (named.has("name")) {
            namedTool = named.path("name").asString("");
        }
        toolChoice = switch (mode) {
            case "none" -> ToolChoice.NONE;
            case "required", "any", "function", "tool" -> ToolChoice.REQUIRED;
            default -> ToolChoice.AUTO;
        };
    }

    /** Chat Completions wraps the schema in {@code json_schema}; the other wires do not. */
    private void format(JsonNode format) {
        JsonNode holder = format.has("json_schema") ? format.path("json_schema") : format;
        if (holder.has("schema")) {
            schema = holder.path("schema");
        }
        jsonObject = format.path("type").asString("").equals("json_object");
    }

    private void stop(JsonNode texts) {
        if (texts.isString()) {
            stop.add(texts.asString());
        }
        for (JsonNode text : texts) {
            stop.add(text.asString(""));
        }
    }

    /** What Responses calls messages: a text, or items. */
    private void input(JsonParser parser, JsonToken token) {
        if (token == JsonToken.VALUE_STRING) {
            turns = List.of(new Turn("user", parser.getString()));
        } else {
            messages(parser, token);
        }
    }

    private static long number(JsonParser parser, JsonToken token, long otherwise) {
        long number = token == JsonToken.VALUE_NUMBER_INT ? parser.getLongValue() : otherwise;
        parser.skipChildren();
        return number;
    }

    private void messages(JsonParser parser, JsonToken token) {
        if (token != JsonToken.START_ARRAY) {
            parser.skipChildren();
            return;
        }
        List<Turn> list = new ArrayList<>(4);
        for (JsonToken next = parser.nextToken(); next != JsonToken.END_ARRAY; next = parser.nextToken()) {
            if (next == JsonToken.START_OBJECT) {
                Turn turn = turn(parser);
                list.add(turn);
                if (isInstruction(turn.role())) {
                    instruct(turn.text());
                }
            } else {
                parser.skipChildren();
            }
        }
        turns = list;
    }

    private static Turn turn(JsonParser parser) {
        String role = "";
        String text = "";
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String field = parser.currentName();
            JsonToken token = parser.nextToken();
            if (field.equals("role") && token == JsonToken.VALUE_STRING) {
                role = parser.getString();
            } else if (field.equals("type") && token == JsonToken.VALUE_STRING) {
                role = parser.getString().equals("function_call_output") ? "tool" : role;
            } else if (field.equals("content") || field.equals("output")) {
                StringBuilder content = new StringBuilder();
                if (content(parser, token, content)) {
                    role = "tool";
                }
                text = content.toString();
            } else {
                parser.skipChildren();
            }
        }
        return new Turn(role, text);
    }

    private static String content(JsonParser parser, JsonToken token) {
        StringBuilder text = new StringBuilder();
        content(parser, token, text);
        return text.toString();
    }

    /** Reads a string, or the texts of an array of parts; whether what a tool gave is among these. */
    private static boolean content(JsonParser parser, JsonToken token, StringBuilder text) {
        if (token == JsonToken.VALUE_STRING) {
            text.append(text.isEmpty() ? "" : "\n").append(parser.getString());
            return false;
        }
        if (token != JsonToken.START_ARRAY) {
            parser.skipChildren();
            return false;
        }
        boolean isToolResult = false;
        for (JsonToken next = parser.nextToken(); next != JsonToken.END_ARRAY; next = parser.nextToken()) {
            if (next != JsonToken.START_OBJECT) {
                parser.skipChildren();
                continue;
            }
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String field = parser.currentName();
                JsonToken value = parser.nextToken();
                if (field.equals("text") && value == JsonToken.VALUE_STRING) {
                    text.append(text.isEmpty() ? "" : "\n").append(parser.getString());
                } else if (field.equals("content")) { // of a tool's result
                    content(parser, value, text);
                } else {
                    isToolResult |= field.equals("type")
                            && value == JsonToken.VALUE_STRING
                            && parser.getString().equals("tool_result");
                    parser.skipChildren();
                }
            }
        }
        return isToolResult;
    }

    private void instruct(String text) {
        system.append(system.isEmpty() ? "" : "\n").append(text);
    }

    private static boolean isInstruction(String role) {
        return role.equals("system") || role.equals("developer");
    }
}
