package io.headrace.provider.openai;

import io.headrace.model.ChatDelta;
import io.headrace.model.ChatResponse;
import io.headrace.model.FinishReason;
import io.headrace.model.Part;
import io.headrace.model.TokenLogprob;
import io.headrace.provider.http.ChatEvents;
import io.headrace.provider.http.JsonValues;
import io.headrace.provider.http.SseEvent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * Reads a streamed response: named events, of which the last repeats the whole response. What came in pieces must have its text,
 * and where nothing came in pieces it is the answer.
 */
final class ResponseEvents implements ChatEvents {

    private final String requestId;
    private final StringBuilder text = new StringBuilder();
    /** The number of a call by its place in the output. */
    private final Map<Long, Integer> calls = new HashMap<>();
    /** What came of the arguments of each call. */
    private final List<StringBuilder> arguments = new ArrayList<>();

    private boolean begun;
    private boolean hasThoughts;
    private boolean isComplete;

    ResponseEvents(String requestId) {
        this.requestId = requestId;
    }

    @Override
    public boolean read(SseEvent event, Consumer<ChatDelta> deltas) {
        Fields fields = new Fields(event.name());
        fields.read(event);
        if (fields.isEnd() && fields.response == null && !fields.type.equals(event.name())) {
            // only behind the response it was said that it is whole
            fields.read(event);
        }
        switch (fields.type) {
            case "response.output_text.delta" -> {
                text.append(fields.delta);
                emit(new ChatDelta.Text(0, fields.delta), deltas);
                if (!fields.logprobs.isEmpty()) {
                    emit(new ChatDelta.Logprobs(0, fields.logprobs), deltas);
                }
            }
            case "response.refusal.delta" -> emit(new ChatDelta.Refusal(0, fields.delta), deltas);
            case "response.reasoning_summary_part.added" -> {
                if (hasThoughts) {
                    thought(fields, OutputItem.PARAGRAPH, deltas);
                }
            }
            case "response.reasoning_summary_text.delta", "response.reasoning_text.delta" ->
                thought(fields, fields.delta, deltas);
            case "response.output_item.added" -> added(fields, deltas);
            case "response.output_item.done" -> done(fields, deltas);
            case "response.function_call_arguments.delta" -> {
                Integer call = calls.get(fields.outputIndex);
                if (call != null) {
                    arguments.get(call).append(fields.delta);
                    emit(new ChatDelta.ToolCall(0, call, "", "", fields.delta), deltas);
                }
            }
            case "response.completed", "response.incomplete" -> {
                if (fields.response == null) {
                    return false;
                }
                end(fields.response, deltas);
            }
            case "response.failed", "response.cancelled", "error" -> {
                return false;
            }
            default -> {
                // an event that repeats what came, or one of a later version; an error of a gateway has no type
                return !fields.hasError;
            }
        }
        return true;
    }

    @Override
    public boolean isComplete() {
        return isComplete;
    }

    private void added(Fields fields, Consumer<ChatDelta> deltas) {
        OutputItem item = fields.item;
        if (item == null) {
            return;
        }
        hasThoughts &= !item.type().equals("reasoning");
        for (Part part : item.parts()) {
            if (part instanceof Part.ToolCall call) {
                int number = arguments.size();
                calls.put(fields.outputIndex, number);
                arguments.add(new StringBuilder(call.arguments()));
                emit(new ChatDelta.ToolCall(0, number, call.id(), call.name(), call.arguments()), deltas);
            }
        }
    }

    /** Encrypted thoughts come with the whole item only. */
    private void done(Fields fields, Consumer<ChatDelta> deltas) {
        if (fields.item == null) {
            return;
        }
        for (Part part : fields.item.parts()) {
            if (part instanceof Part.Reasoning thought && !thought.encrypted().isEmpty()) {
                emit(new ChatDelta.Reasoning(0, thought.id(), "", "", thought.encrypted()), deltas);
            }
        }
    }

    private void thought(Fields fields, String more, Consumer<ChatDelta> deltas) {
        hasThoughts = true;
        emit(new ChatDelta.Reasoning(0, fields.itemId, more, "", ""), deltas);
    }

    private void end(ChatResponse answer, Consumer<ChatDelta> deltas) {
        List<ChatDelta> whole = ChatDelta.of(answer.withRequestId(requestId));
        if (begun && !answer.text().contentEquals(text)) {
            throw new IllegalArgumentException("the text in pieces has " + text.length()
                    + " characters and is not that of the whole response, "
                    + answer.text().length());
        }
        if (begun) {
            completeCalls(answer, deltas);
        }
        // the reason and the end, or all of it
        whole.subList(begun ? whole.size() - 2 : 0, whole.size()).forEach(deltas);
        isComplete = true;
    }

    /** Some servers tell calls, or their arguments, with the whole only; one that was cut may leave out what it had begun. */
    private void completeCalls(ChatResponse answer, Consumer<ChatDelta> deltas) {
        List<Part.ToolCall> whole = answer.toolCalls();
        for (int call = 0; call < whole.size(); call++) {
            Part.ToolCall told = whole.get(call);
            if (call >= arguments.size()) {
                emit(new ChatDelta.ToolCall(0, call, told.id(), told.name(), told.arguments()), deltas);
                continue;
            }
            String begin = arguments.get(call).toString();
            if (!told.arguments().startsWith(begin)) {
                throw new IllegalArgumentException(
                        "the arguments of call " + call + " in pieces are not those of the whole response");
            }
            if (told.arguments().length() > begin.length()) {
                String rest = told.arguments().substring(begin.length());
                emit(new ChatDelta.ToolCall(0, call, "", "", rest), deltas);
            }
        }
        if (arguments.size() > whole.size() && answer.finishReason() != FinishReason.LENGTH) {
            throw new IllegalArgumentException("the answer has " + arguments.size()
                    + " calls in pieces and not in the whole response, which has " + whole.size());
        }
    }

    private void emit(ChatDelta delta, Consumer<ChatDelta> deltas) {
        begun = true;
        deltas.accept(delta);
    }

    /** The fields of an event that mean something to us. */
    private static final class Fields {

        private String type;
        private String delta = "";
        private String itemId = "";
        private long outputIndex = -1;
        private List<TokenLogprob> logprobs = List.of();
        private boolean hasError;

        private @Nullable OutputItem item;

        private @Nullable ChatResponse response;

        /**
         * @param name of the event, which its data repeats as its type
         */
        Fields(String name) {
            this.type = name;
        }

        boolean isEnd() {
            return type.equals("response.completed") || type.equals("response.incomplete");
        }

        void read(SseEvent event) {
            try (JsonParser in = event.json()) {
                read(in);
            }
        }

        private void read(JsonParser in) {
            if (in.nextToken() != JsonToken.START_OBJECT) {
                throw new IllegalArgumentException("the event is no JSON object");
            }
            for (String name = in.nextName(); name != null; name = in.nextName()) {
                JsonToken value = in.nextToken();
                switch (name) {
                    case "type" -> type = JsonValues.string(in, type);
                    case "delta" -> delta = JsonValues.string(in, "");
                    case "item_id" -> itemId = JsonValues.string(in, "");
                    case "output_index" -> outputIndex = JsonValues.count(in, -1);
                    case "logprobs" -> logprobs = LogprobReader.read(in);
                    case "item" -> item = JsonValues.isObject(in) ? OutputItem.read(in) : null;
                    case "response" -> response(in);
                    case "error" -> {
                        hasError = value != JsonToken.VALUE_NULL;
                        in.skipChildren();
                    }
                    default -> in.skipChildren();
                }
            }
        }

        /** The first events hold a response that has only begun: no answer yet. */
        private void response(JsonParser in) {
            if (!isEnd()) {
                in.skipChildren();
            } else if (JsonValues.isObject(in)) {
                response = new ResponseReader(in).read();
            }
        }
    }
}
