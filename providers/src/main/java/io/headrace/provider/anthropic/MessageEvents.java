package io.headrace.provider.anthropic;

import io.headrace.model.ChatDelta;
import io.headrace.provider.http.ChatEvents;
import io.headrace.provider.http.JsonValues;
import io.headrace.provider.http.SseEvent;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * Reads the events of one streamed message: {@code message_start}, then for each block a start, deltas and a stop, then
 * {@code message_delta} and {@code message_stop}. Everything else, such as {@code ping}, is passed over. Not thread-safe.
 */
final class MessageEvents implements ChatEvents {

    private final String requestId;
    private final UsageReader usage = new UsageReader();
    private final Map<Long, OpenBlock> open = new TreeMap<>();
    private String id = "";
    private String model = "";
    private String stopReason = "";
    private String explanation = "";
    private int toolCalls;
    private boolean begun;
    private boolean complete;

    MessageEvents(String requestId) {
        this.requestId = requestId;
    }

    @Override
    public boolean isComplete() {
        return complete;
    }

    @Override
    public boolean read(SseEvent event, Consumer<ChatDelta> deltas) {
        String type = event.name();
        long index = 0;
        Block block = null;
        BlockDelta delta = null;
        boolean hasError = false;
        try (JsonParser in = event.json()) {
            if (in.nextToken() != JsonToken.START_OBJECT) {
                throw new IllegalArgumentException("it is no JSON object");
            }
            for (String name = in.nextName(); name != null; name = in.nextName()) {
                JsonToken value = in.nextToken();
                switch (name) {
                    case "type" -> type = JsonValues.string(in, type);
                    case "index" -> index = JsonValues.count(in, 0);
                    case "message" -> message(in);
                    case "content_block" -> block = JsonValues.isObject(in) ? Block.read(in) : null;
                    case "delta" -> delta = delta(in);
                    case "usage" -> usage.read(in);
                    case "error" -> {
                        hasError |= value != JsonToken.VALUE_NULL;
                        in.skipChildren();
                    }
                    default -> in.skipChildren();
                }
            }
        }
        if (hasError || type.equals("error")) {
            return false;
        }
        switch (type) {
            case "message_start" -> begin();
            case "content_block_start" -> start(index, block, deltas);
            case "content_block_delta" -> go(index, delta, deltas);
            case "content_block_stop" -> stop(index, deltas);
            case "message_stop" -> end(deltas);
            default -> {
                // a ping, the end of a message, which was read above, or an event that is yet to come
            }
        }
        return true;
    }

    /** Another message behind the first, such as a gateway's second try, cannot take back what was delivered. */
    private void begin() {
        if (begun) {
            throw new IllegalArgumentException("the message starts twice");
        }
        begun = true;
    }

    private void message(JsonParser in) {
        if (!JsonValues.isObject(in)) {
            return;
        }
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "id" -> id = JsonValues.string(in, id);
                case "model" -> model = JsonValues.string(in, model);
                case "usage" -> usage.read(in);
                default -> in.skipChildren();
            }
        }
        usage.forgetOutput();
    }

    /** The delta of a block, or that of the message, whose stop reason stays here. */
    private @Nullable BlockDelta delta(JsonParser in) {
        if (!JsonValues.isObject(in)) {
            return null;
        }
        String type = "";
        String piece = "";
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case "type" -> type = JsonValues.string(in, "");
                case "text", "thinking", "partial_json", "signature" -> piece = JsonValues.string(in, piece);
                case "stop_reason" -> stopReason = JsonValues.string(in, stopReason);
                case "stop_details" -> explanation = StopReasons.explanation(in);
                default -> in.skipChildren();
            }
        }
        return new BlockDelta(type, piece);
    }

    private void start(long index, @Nullable Block block, Consumer<ChatDelta> deltas) {
        if (!begun || block == null) {
            throw new IllegalArgumentException(
                    begun ? "content_block_start without its block" : "a block before message_start");
        }
        boolean isCall = block.type().equals("tool_use");
        OpenBlock opened = new OpenBlock(block, isCall ? toolCalls++ : -1);
        if (open.put(index, opened) != null) {
            throw new IllegalArgumentException("block " + index + " starts twice");
        }
        opened.begin(deltas);
    }

    private void go(long index, @Nullable BlockDelta delta, Consumer<ChatDelta> deltas) {
        OpenBlock block = open.get(index);
        if (block == null || delta == null) {
            throw new IllegalArgumentException(
                    block == null ? "a delta of block " + index + ", which is not open" : "a delta without content");
        }
        block.add(delta, deltas);
    }

    private void stop(long index, Consumer<ChatDelta> deltas) {
        OpenBlock block = open.remove(index);
        if (block != null) {
            block.end(deltas);
        }
    }

    private void end(Consumer<ChatDelta> deltas) {
        if (!begun) {
            throw new IllegalArgumentException("message_stop before message_start");
        }
        if (stopReason.isEmpty()) {
            throw new IllegalArgumentException("the message has no stop_reason: its answer broke off");
        }
        open.values().forEach(block -> block.end(deltas));
        if (stopReason.equals(StopReasons.REFUSAL)) {
            deltas.accept(new ChatDelta.Refusal(0, explanation));
        }
        deltas.accept(new ChatDelta.Finish(0, StopReasons.finish(stopReason), stopReason));
        deltas.accept(new ChatDelta.End(id, model, usage.usage(), requestId, usage.serviceTier()));
        complete = true;
    }
}
