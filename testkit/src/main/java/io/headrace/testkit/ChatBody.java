package io.headrace.testkit;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.exc.StreamReadException;

/** What the simulator reads of a chat request, of either wire, in one pass over its bytes. */
final class ChatBody {

    record Turn(String role, String text) {}

    private String model = "";

    @Nullable
    List<Turn> turns;

    private final StringBuilder system = new StringBuilder();
    long maxTokens = -1;
    long choices = 1;
    boolean stream;
    /** The first of {@code temperature}, {@code top_p} and {@code top_k} that was sent. */
    @Nullable
    String sampling;

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

    private void field(String name, JsonParser parser, JsonToken token) {
        switch (name) {
            case "model" -> {
                model = token == JsonToken.VALUE_STRING ? parser.getString() : "";
                parser.skipChildren();
            }
            case "messages" -> messages(parser, token);
            case "system" -> instruct(content(parser, token));
            case "max_tokens", "max_completion_tokens" -> maxTokens = number(parser, token, -1);
            case "n" -> choices = number(parser, token, 1);
            case "stream" -> {
                stream = token == JsonToken.VALUE_TRUE;
                parser.skipChildren();
            }
            case "temperature", "top_p", "top_k" -> {
                sampling = sampling == null ? name : sampling;
                parser.skipChildren();
            }
            default -> parser.skipChildren();
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
            } else if (field.equals("content")) {
                text = content(parser, token);
            } else {
                parser.skipChildren();
            }
        }
        return new Turn(role, text);
    }

    /** A string, or the texts of an array of parts. */
    private static String content(JsonParser parser, JsonToken token) {
        if (token == JsonToken.VALUE_STRING) {
            return parser.getString();
        }
        if (token != JsonToken.START_ARRAY) {
            parser.skipChildren();
            return "";
        }
        StringBuilder text = new StringBuilder();
        for (JsonToken next = parser.nextToken(); next != JsonToken.END_ARRAY; next = parser.nextToken()) {
            if (next != JsonToken.START_OBJECT) {
                parser.skipChildren();
                continue;
            }
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String field = parser.currentName();
                if (parser.nextToken() == JsonToken.VALUE_STRING && field.equals("text")) {
                    text.append(text.isEmpty() ? "" : "\n").append(parser.getString());
                } else {
                    parser.skipChildren();
                }
            }
        }
        return text.toString();
    }

    private void instruct(String text) {
        system.append(system.isEmpty() ? "" : "\n").append(text);
    }

    private static boolean isInstruction(String role) {
        return role.equals("system") || role.equals("developer");
    }
}
