package io.headrace.model;

import io.headrace.Codec;
import io.headrace.Usage;
import java.io.ByteArrayOutputStream;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Chat answers as JSON, in one pass each way. When reading, unknown fields are ignored and missing ones are empty, so that
 * answers of other versions can be read.
 */
public final class ChatCodec implements Codec<ChatResponse> {

    private static final ChatCodec INSTANCE = new ChatCodec();

    private final JsonFactory json = new JsonFactory();

    private ChatCodec() {}

    public static ChatCodec instance() {
        return INSTANCE;
    }

    @Override
    public byte[] encode(ChatResponse answer) {
        ByteArrayOutputStream out =
                new ByteArrayOutputStream(256 + answer.text().length());
        try (JsonGenerator to = json.createGenerator(ObjectWriteContext.empty(), out)) {
            to.writeStartObject();
            to.writeStringProperty("id", answer.id());
            to.writeStringProperty("model", answer.model());
            to.writeStringProperty("text", answer.text());
            to.writeStringProperty("finishReason", answer.finishReason().name());
            if (answer.refusal() != null) {
                to.writeStringProperty("refusal", answer.refusal());
            }
            write(answer.usage(), to);
            to.writeEndObject();
        } catch (JacksonException e) {
            throw new IllegalArgumentException("cannot write a chat answer: " + e.getOriginalMessage(), e);
        }
        return out.toByteArray();
    }

    private static void write(Usage usage, JsonGenerator to) {
        to.writeObjectPropertyStart("usage");
        to.writeNumberProperty("inputTokens", usage.inputTokens());
        to.writeNumberProperty("cachedInputTokens", usage.cachedInputTokens());
        to.writeNumberProperty("cacheWriteTokens", usage.cacheWriteTokens());
        to.writeNumberProperty("longCacheWriteTokens", usage.longCacheWriteTokens());
        to.writeNumberProperty("outputTokens", usage.outputTokens());
        to.writeNumberProperty("reasoningTokens", usage.reasoningTokens());
        to.writeNumberProperty("unknown", usage.unknown());
        to.writeEndObject();
    }

    @Override
    public ChatResponse decode(byte[] bytes) {
        try (JsonParser from = json.createParser(ObjectReadContext.empty(), bytes)) {
            if (from.nextToken() != JsonToken.START_OBJECT) {
                throw new IllegalArgumentException("not a chat answer: no JSON object");
            }
            return read(from);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("not a chat answer: " + e.getOriginalMessage(), e);
        }
    }

    private static ChatResponse read(JsonParser from) {
        String id = "";
        String model = "";
        String text = "";
        FinishReason finishReason = FinishReason.OTHER;
        String refusal = null;
        Usage usage = Usage.UNKNOWN;
        for (String field = from.nextName(); field != null; field = from.nextName()) {
            JsonToken value = from.nextToken();
            switch (field) {
                case "id" -> id = text(from, value, id);
                case "model" -> model = text(from, value, model);
                case "text" -> text = text(from, value, text);
                case "finishReason" -> finishReason = finishReason(text(from, value, ""));
                case "refusal" -> refusal = value == JsonToken.VALUE_STRING ? from.getString() : null;
                case "usage" -> usage = usage(from, value);
                default -> from.skipChildren();
            }
        }
        return new ChatResponse(id, model, text, finishReason, refusal, usage);
    }

    private static Usage usage(JsonParser from, JsonToken start) {
        if (start != JsonToken.START_OBJECT) {
            from.skipChildren();
            return Usage.UNKNOWN;
        }
        long input = 0;
        long cachedInput = 0;
        long cacheWrite = 0;
        long longCacheWrite = 0;
        long output = 0;
        long reasoning = 0;
        long unknown = 0;
        for (String field = from.nextName(); field != null; field = from.nextName()) {
            JsonToken value = from.nextToken();
            switch (field) {
                case "inputTokens" -> input = count(from, value);
                case "cachedInputTokens" -> cachedInput = count(from, value);
                case "cacheWriteTokens" -> cacheWrite = count(from, value);
                case "longCacheWriteTokens" -> longCacheWrite = count(from, value);
                case "outputTokens" -> output = count(from, value);
                case "reasoningTokens" -> reasoning = count(from, value);
                case "unknown" -> unknown = count(from, value);
                default -> from.skipChildren();
            }
        }
        return new Usage(input, cachedInput, cacheWrite, longCacheWrite, output, reasoning, unknown);
    }

    private static long count(JsonParser from, JsonToken value) {
        from.skipChildren();
        return value == JsonToken.VALUE_NUMBER_INT ? from.getLongValue() : 0;
    }

    private static String text(JsonParser from, JsonToken value, String absent) {
        from.skipChildren();
        return value == JsonToken.VALUE_STRING ? from.getString() : absent;
    }

    private static FinishReason finishReason(String name) {
        for (FinishReason reason : FinishReason.values()) {
            if (reason.name().equals(name)) {
                return reason;
            }
        }
        return FinishReason.OTHER;
    }
}
