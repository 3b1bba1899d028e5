package io.headrace.testkit;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The prompt of an Anthropic request, block by block in the order in which a prompt cache sees it: tools, system, messages.
 * Immutable once made.
 */
final class AnthropicPrompt {

    static final String MARK = "cache_control";

    /** What an image or a PDF counts. */
    private static final int MEDIA_TOKENS = 100;

    /**
     * The prompt up to the end of a block.
     *
     * @param digest of all that stands before that end; marks are no part of it
     * @param tokens up to there
     */
    record Border(long digest, int tokens, Mark mark) {}

    /** Whether the prompt up to a border is to be kept. */
    enum Mark {
        NONE,
        SHORT,
        LONG
    }

    private final List<Border> borders = new ArrayList<>();
    private long digest = 0xcbf29ce484222325L;
    private int tokens;

    private AnthropicPrompt() {}

    static AnthropicPrompt of(JsonNode request) {
        AnthropicPrompt prompt = new AnthropicPrompt();
        for (JsonNode tool : request.path("tools")) {
            prompt.block(tool, Tokens.count(Json.text(withoutMark(tool))));
        }
        prompt.content("system", request.path("system"));
        for (JsonNode message : request.path("messages")) {
            prompt.tokens += 4;
            prompt.content(message.path("role").asString(""), message.path("content"));
        }
        if (request.has(MARK) && !prompt.borders.isEmpty()) {
            int last = prompt.borders.size() - 1;
            Border end = prompt.borders.get(last);
            prompt.borders.set(last, new Border(end.digest(), end.tokens(), mark(request)));
        }
        return prompt;
    }

    List<Border> borders() {
        return borders;
    }

    /** All tokens of the prompt. */
    int tokens() {
        return tokens;
    }

    long marks() {
        return borders.stream().filter(border -> border.mark() != Mark.NONE).count();
    }

    private void content(String role, JsonNode content) {
        mix(role);
        if (content.isString()) {
            block(Json.object("type", "text").put("text", content.asString()), Tokens.count(content.asString()));
        }
        for (JsonNode block : content) {
            block(block, tokens(block));
        }
    }

    private void block(JsonNode block, int more) {
        mix(Json.text(withoutMark(block)));
        tokens += more;
        borders.add(new Border(digest, tokens, mark(block)));
    }

    private static int tokens(JsonNode block) {
        return switch (block.path("type").asString("")) {
            case "text" -> Tokens.count(block.path("text").asString(""));
            case "tool_use" ->
                Tokens.count(block.path("name").asString("")) + Tokens.count(Json.text(block.path("input")));
            case "tool_result" -> {
                JsonNode content = block.path("content");
                int sum = content.isString() ? Tokens.count(content.asString()) : 0;
                for (JsonNode part : content) {
                    sum += tokens(part);
                }
                yield sum;
            }
            case "document" -> {
                JsonNode source = block.path("source");
                yield source.path("type").asString("").equals("text")
                        ? Tokens.count(source.path("data").asString(""))
                        : MEDIA_TOKENS;
            }
            case "image" -> MEDIA_TOKENS;
            default -> 0;
        };
    }

    private static Mark mark(JsonNode marked) {
        JsonNode mark = marked.path(MARK);
        if (!mark.isObject()) {
            return Mark.NONE;
        }
        return mark.path("ttl").asString("").equals("1h") ? Mark.LONG : Mark.SHORT;
    }

    private static JsonNode withoutMark(JsonNode block) {
        if (!block.has(MARK)) {
            return block;
        }
        ObjectNode copy = (ObjectNode) block.deepCopy();
        copy.remove(MARK);
        return copy;
    }

    /** FNV-1a. */
    private void mix(String text) {
        for (int i = 0; i < text.length(); i++) {
            digest = (digest ^ text.charAt(i)) * 0x100000001b3L;
        }
        digest = (digest ^ 0xFFFF) * 0x100000001b3L;
    }
}
