package io.headrace.testkit;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the simulated model says to a chat request, in neutral words; each wire has its own shape for it.
 *
 * @param text empty where it calls a tool or declines
 * @param refusal its words if it declines, else null
 * @param call the tool that it wants called, else null
 * @param end why it stopped
 * @param stopText the stop text that ended it, else null
 * @param reasoningTokens spent before the first word
 * @param tokens of all that it said, reasoning included
 */
record Reply(
        String text,
        @Nullable String refusal,
        @Nullable Call call,
        End end,
        @Nullable String stopText,
        int reasoningTokens,
        int tokens) {

    /** A tool to be called. */
    record Call(String name, String arguments) {}

    /** Why the model stopped. */
    enum End {
        DONE,
        TOKEN_LIMIT,
        STOP_TEXT,
        TOOL_CALL,
        REFUSAL
    }

    private static final String DECLINED = "I'm sorry, I can't help with that.";

    private static final Map<String, Integer> REASONING =
            Map.of("minimal", 4, "low", 8, "medium", 16, "high", 32, "xhigh", 64, "max", 128);

    /** The reply to {@code body}; {@code occurrence} stands in it unless 0. */
    static Reply to(ChatBody body, KeywordModel model, int occurrence) {
        int reasoning = REASONING.getOrDefault(body.effort, 0);
        String asked = body.userText();
        if (asked.toLowerCase(Locale.ROOT).contains("you must refuse")) {
            return new Reply("", DECLINED, null, End.REFUSAL, null, reasoning, reasoning + Tokens.count(DECLINED));
        }
        ChatBody.Tool tool = tool(body, asked);
        if (tool != null) {
            Call call = new Call(tool.name(), Json.text(SchemaValues.of(tool.parameters(), asked)));
            int tokens = reasoning + Tokens.count(call.name()) + Tokens.count(call.arguments());
            return new Reply("", null, call, End.TOOL_CALL, null, reasoning, tokens);
        }
        return said(text(body, model, asked, occurrence), body, reasoning);
    }

    /**
     * The tool to call: the named one; where one is required, one that the text names a word of, else the first; else one that the text
     * names a word of, until a tool has answered.
     */
    private static ChatBody.@Nullable Tool tool(ChatBody body, String asked) {
        boolean required = body.toolChoice == ChatBody.ToolChoice.REQUIRED;
        if (body.tools.isEmpty()
                || body.toolChoice == ChatBody.ToolChoice.NONE
                || (!required && body.toolResult() != null)) {
            return null;
        }
        List<String> words = Words.of(asked);
        for (ChatBody.Tool tool : body.tools) {
            if (tool.name().equals(body.namedTool)
                    || (body.namedTool == null
                            && Arrays.stream(tool.name().split("[_-]|(?=\\p{Upper})", -1))
                                    .map(part -> Words.basicForm(part.toLowerCase(Locale.ROOT)))
                                    .anyMatch(words::contains))) {
                return tool;
            }
        }
        return required ? body.tools.get(0) : null;
    }

    private static String text(ChatBody body, KeywordModel model, String asked, int occurrence) {
        if (body.schema != null) {
            return Json.text(SchemaValues.of(body.schema, asked));
        }
        String given = body.toolResult();
        if (given != null) {
            return "The tool gave: " + given + (occurrence > 0 ? " #" + occurrence : "");
        }
        String text = model.answer(body, occurrence);
        return body.jsonObject && !text.startsWith("{") ? Json.text(Json.object("answer", text)) : text;
    }

    /** {@code text} up to the first stop text or the limit of tokens, whichever comes first. */
    private static Reply said(String text, ChatBody body, int reasoning) {
        String said = text;
        String stopText = null;
        for (String stop : body.stop) {
            int at = stop.isEmpty() ? -1 : said.indexOf(stop);
            if (at >= 0) {
                said = said.substring(0, at);
                stopText = stop;
            }
        }
        int tokens = Tokens.count(said);
        long limit = body.maxTokens < 0 ? Long.MAX_VALUE : body.maxTokens;
        if (reasoning + (long) tokens > limit) {
            int thought = (int) Math.min(reasoning, limit);
            String head = Tokens.head(said, (int) limit - thought);
            return new Reply(head, null, null, End.TOKEN_LIMIT, null, thought, (int) limit);
        }
        End end = stopText == null ? End.DONE : End.STOP_TEXT;
        return new Reply(said, null, null, end, stopText, reasoning, reasoning + tokens);
    }

    /** The text in pieces as a stream brings them: a word each, with the white space after it. */
    static List<String> pieces(String text) {
        return text.isEmpty() ? List.of() : List.of(text.split("(?<=\\s)(?=\\S)", -1));
    }
}
