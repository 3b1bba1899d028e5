package io.headrace.cache;

import io.headrace.model.ChatRequest;
import io.headrace.model.Message;
import java.util.List;
import java.util.Map;

/**
 * The keys of chat requests: provider, operation {@code chat}, and every field of {@link ChatRequest} that is set. Absent,
 * null and empty are the same for the fields that the library names.
 *
 * <p>Extra fields are raw JSON, keyed apart from the named ones as {@code extra.NAME} and as they would be sent, nulls
 * included: what one of them overrules or removes depends on the provider. So {@code temperature(0.5)} and
 * {@code extra("temperature", 0.5)} have two keys although some provider sends the same for both; that may buy an answer
 * twice and never gives a wrong one.
 */
public final class ChatKeys {

    private ChatKeys() {}

    /**
     * Keys under the provider that {@link io.headrace.model.ChatCall#identity} names.
     *
     * @param provider a normalised base URL or a name, never with a key in it
     */
    public static KeyFunction<ChatRequest> of(String provider) {
        CallKeyBuilder shared = CallKeyBuilder.of(provider, "chat");
        return request -> key(shared.copy(), request);
    }

    private static CallKey key(CallKeyBuilder key, ChatRequest request) {
        for (Map.Entry<String, ?> extra : request.extra().entrySet()) {
            key.fieldOf("extra." + extra.getKey(), json -> json.rawValue(extra.getValue()));
        }
        key.field("maxOutputTokens", request.maxOutputTokens());
        key.fieldOf("messages", json -> write(request.messages(), json));
        key.field("model", request.model());
        key.field("seed", request.seed());
        key.field("stop", request.stop().isEmpty() ? null : request.stop());
        key.field("temperature", request.temperature());
        key.field("topP", request.topP());
        return key.build();
    }

    private static void write(List<Message> messages, CanonicalJson json) {
        json.beginArray();
        for (Message message : messages) {
            json.beginObject();
            json.name("role").text(message.role().name());
            json.name("text").text(message.text());
            json.endObject();
        }
        json.endArray();
    }
}
