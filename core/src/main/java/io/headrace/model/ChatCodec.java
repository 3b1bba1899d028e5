package io.headrace.model;

import io.headrace.Codec;
import java.io.ByteArrayOutputStream;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.JsonRecyclerPools;

/**
 * Chat answers as JSON, in one pass each way. When reading, unknown fields are ignored and missing ones are empty, so that
 * answers of other versions can be read; those of the first, with one text for all, are read too.
 */
public final class ChatCodec implements Codec<ChatResponse> {

    private static final ChatCodec INSTANCE = new ChatCodec();

    private final JsonFactory json = JsonFactory.builder()
            .recyclerPool(JsonRecyclerPools.threadLocalPool()) // the default pool is one for all threads
            .build();

    private ChatCodec() {}

    public static ChatCodec instance() {
        return INSTANCE;
    }

    @Override
    public byte[] encode(ChatResponse answer) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(512);
        try (JsonGenerator to = json.createGenerator(ObjectWriteContext.empty(), out)) {
            new ChatAnswerWriter(to).write(answer);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("cannot write a chat answer: " + e.getOriginalMessage(), e);
        }
        return out.toByteArray();
    }

    @Override
    public ChatResponse decode(byte[] bytes) {
        try (JsonParser from = json.createParser(ObjectReadContext.empty(), bytes)) {
            if (from.nextToken() != JsonToken.START_OBJECT) {
                throw new IllegalArgumentException("not a chat answer: no JSON object");
            }
            return new ChatAnswerReader(from).read();
        } catch (JacksonException e) {
            throw new IllegalArgumentException("not a chat answer: " + e.getOriginalMessage(), e);
        }
    }
}
