package io.headrace.provider.openai;

import io.headrace.model.ChatDelta;
import io.headrace.model.FinishReason;
import io.headrace.model.TokenLogprob;
import io.headrace.provider.http.JsonValues;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Makes deltas of the pieces of one choice. */
final class ChoiceReader {

    private final int index;
    /** The call that fragments of an index on the wire belong to. */
    private final Map<Integer, OpenCall> calls = new HashMap<>();

    private int callCount;
    private boolean isRefused;
    private boolean isFinished;

    ChoiceReader(int index) {
        this.index = index;
    }

    /** Makes deltas of a piece, in the same order whatever the order of its fields. */
    void add(Piece piece, Consumer<ChatDelta> deltas) {
        if (!piece.reasoning.isEmpty()) {
            deltas.accept(new ChatDelta.Reasoning(index, piece.reasoning));
        }
        if (!piece.text.isEmpty()) {
            deltas.accept(new ChatDelta.Text(index, piece.text));
        }
        if (!piece.refusal.isEmpty()) {
            isRefused = true;
            deltas.accept(new ChatDelta.Refusal(index, piece.refusal));
        }
        for (Fragment fragment : piece.calls) {
            deltas.accept(
                    new ChatDelta.ToolCall(index, call(fragment), fragment.id, fragment.name, fragment.arguments));
        }
        if (!piece.logprobs.isEmpty()) {
            deltas.accept(new ChatDelta.Logprobs(index, piece.logprobs));
        }
        if (piece.finishReason != null && !piece.finishReason.isEmpty() && !isFinished) {
            finish(piece.finishReason, deltas);
        }
    }

    /** Whether a reason for the end was given. */
    boolean isFinished() {
        return isFinished;
    }

    /** Ends the choice, whether a reason was given or not. */
    void end(Consumer<ChatDelta> deltas) {
        if (!isFinished) {
            finish("", deltas);
        }
    }

    private void finish(String reason, Consumer<ChatDelta> deltas) {
        isFinished = true;
        deltas.accept(new ChatDelta.Finish(index, reason(reason), reason));
    }

    private FinishReason reason(String word) {
        if (isRefused) {
            return FinishReason.REFUSAL;
        }
        return switch (word) {
            case "stop" -> FinishReason.STOP;
            case "length" -> FinishReason.LENGTH;
            case "tool_calls", "function_call" -> FinishReason.TOOL_CALLS;
            case "content_filter" -> FinishReason.CONTENT_FILTER;
            default -> word.isEmpty() && callCount > 0 ? FinishReason.TOOL_CALLS : FinishReason.OTHER;
        };
    }

    /** Which call a fragment belongs to. Some servers give every call the same index, or none: then id or name tells. */
    private int call(Fragment fragment) {
        int onWire = fragment.index >= 0 ? fragment.index : withoutIndex(fragment);
        OpenCall open = calls.get(onWire);
        if (open == null || !(fragment.id.isEmpty() || open.id.isEmpty() || fragment.id.equals(open.id))) {
            open = new OpenCall(callCount++, fragment.id);
            calls.put(onWire, open);
        }
        return open.number;
    }

    private int withoutIndex(Fragment fragment) {
        for (Map.Entry<Integer, OpenCall> open : calls.entrySet()) {
            if (!fragment.id.isEmpty() && fragment.id.equals(open.getValue().id)) {
                return open.getKey();
            }
        }
        return fragment.id.isEmpty() && fragment.name.isEmpty() ? Math.max(callCount - 1, 0) : callCount;
    }

    private record OpenCall(int number, String id) {}

    /** A fragment of a tool call; index -1 for none. */
    private record Fragment(int index, String id, String name, String arguments) {}

    /** What one message or one delta holds. */
    static final class Piece {

        private String text = "";
        private String refusal = "";
        private String reasoning = "";
        private final List<Fragment> calls = new ArrayList<>();
        private List<TokenLogprob> logprobs = List.of();
        private boolean isRead;

        @Nullable
        String finishReason;

        /**
         * Reads a message or a delta.
         *
         * @param isOwn whether it is the one of the two that this kind of answer has: if both are there, only that counts
         */
        void message(JsonParser in, boolean isOwn) {
            if (!JsonValues.isObject(in)) {
                return;
            }
            if (isRead && !isOwn) {
                in.skipChildren();
                return;
            }
            isRead = true;
            text = "";
            refusal = "";
            reasoning = "";
            calls.clear();
            for (String name = in.nextName(); name != null; name = in.nextName()) {
                JsonToken value = in.nextToken();
                switch (name) {
                    case "content" -> text = value == JsonToken.START_ARRAY ? parts(in) : JsonValues.string(in, "");
                    case "refusal" -> refusal = JsonValues.string(in, "");
                    case "reasoning", "reasoning_content" -> reasoning = JsonValues.string(in, reasoning);
                    case "tool_calls" -> calls(in);
                    case "function_call" -> call(0, "", function(in)); // the older way to call one function
                    default -> in.skipChildren();
                }
            }
        }

        void logprobs(JsonParser in) {
            if (!JsonValues.isObject(in)) {
                return;
            }
            for (String name = in.nextName(); name != null; name = in.nextName()) {
                in.nextToken();
                if (name.equals("content")) {
                    logprobs = LogprobReader.read(in);
                } else {
                    in.skipChildren();
                }
            }
        }

        /** Content as an array of parts, which some servers send: the text parts, joined. */
        private static String parts(JsonParser in) {
            StringBuilder joined = new StringBuilder();
            while (in.nextToken() != JsonToken.END_ARRAY) {
                if (!JsonValues.isObject(in)) {
                    continue;
                }
                for (String name = in.nextName(); name != null; name = in.nextName()) {
                    in.nextToken();
                    if (name.equals("text")) {
                        joined.append(JsonValues.string(in, ""));
                    } else {
                        in.skipChildren();
                    }
                }
            }
            return joined.toString();
        }

        private void calls(JsonParser in) {
            if (!JsonValues.isArray(in)) {
                return;
            }
            while (in.nextToken() != JsonToken.END_ARRAY) {
                if (JsonValues.isObject(in)) {
                    call(in);
                }
            }
        }

        private void call(JsonParser in) {
            int index = -1;
            String id = "";
            Fragment function = null;
            for (String name = in.nextName(); name != null; name = in.nextName()) {
                in.nextToken();
                switch (name) {
                    case "index" -> index = (int) JsonValues.count(in, -1);
                    case "id" -> id = JsonValues.string(in, "");
                    case "function" -> function = function(in);
                    default -> in.skipChildren();
                }
            }
            call(index, id, function);
        }

        private void call(int index, String id, @Nullable Fragment function) {
            if (function != null) {
                calls.add(new Fragment(index, id, function.name, function.arguments));
            }
        }

        /** Name and arguments; a server may give these as an object in place of its text. */
        private static @Nullable Fragment function(JsonParser in) {
            if (!JsonValues.isObject(in)) {
                return null;
            }
            String called = "";
            String arguments = "";
            for (String name = in.nextName(); name != null; name = in.nextName()) {
                in.nextToken();
                switch (name) {
                    case "name" -> called = JsonValues.string(in, "");
                    case "arguments" -> arguments = JsonValues.text(in);
                    default -> in.skipChildren();
                }
            }
            return new Fragment(-1, "", called, arguments);
        }
    }
}
