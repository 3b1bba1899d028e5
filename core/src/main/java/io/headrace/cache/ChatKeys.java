package io.headrace.cache;

import io.headrace.model.AnswerFormat;
import io.headrace.model.ChatRequest;
import io.headrace.model.Message;
import io.headrace.model.Part;
import io.headrace.model.Tool;
import io.headrace.model.ToolChoice;
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
 *
 * <p>Schemas are keyed as they are written, the order of their members included, because models write the fields of an answer
 * in that order. Images and documents are keyed by SHA-256 of their bytes, or by their address. {@link Part.CachePoint}s are
 * no part of a key, nor is {@code n}: n answers are n samples of one request.
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
        key.fieldOf("answerFormat", request.answerFormat(), ChatKeys::writeFormat);
        for (Map.Entry<String, ?> extra : request.extra().entrySet()) {
            key.rawField("extra." + extra.getKey(), extra.getValue());
        }
        key.field("frequencyPenalty", request.frequencyPenalty());
        key.field("maxOutputTokens", request.maxOutputTokens());
        key.fieldOf("messages", request.messages(), ChatKeys::writeMessages);
        key.field("model", request.model());
        key.field("parallelToolCalls", request.parallelToolCalls());
        key.field("presencePenalty", request.presencePenalty());
        if (request.reasoningEffort() != null) {
            key.field("reasoningEffort", request.reasoningEffort().name());
        }
        key.field("seed", request.seed());
        key.field("stop", request.stop().isEmpty() ? null : request.stop());
        key.field("temperature", request.temperature());
        key.fieldOf("toolChoice", request.toolChoice(), ChatKeys::writeChoice);
        if (!request.tools().isEmpty()) {
            key.fieldOf("tools", request.tools(), ChatKeys::writeTools);
        }
        key.field("topK", request.topK());
        key.field("topLogprobs", request.topLogprobs());
        key.field("topP", request.topP());
        return key.build();
    }

    private static void writeMessages(List<Message> messages, CanonicalJson json) {
        json.beginArray();
        for (Message message : messages) {
            json.beginObject();
            Part only = PartKeys.onlyPart(message.parts());
            if (only instanceof Part.Text text) {
                json.name("role").text(message.role().name());
                json.name("text").text(text.text());
            } else {
                PartKeys.write(message.parts(), json.name("parts"));
                json.name("role").text(message.role().name());
            }
            json.endObject();
        }
        json.endArray();
    }

    private static void writeFormat(AnswerFormat format, CanonicalJson json) {
        json.beginObject();
        if (format instanceof AnswerFormat.Schema schema) {
            json.name("description").text(schema.description());
            json.name("name").text(schema.name());
            json.name("schema").text(schema.schema().json());
            json.name("strict").value(schema.strict());
        }
        json.endObject();
    }

    private static void writeChoice(ToolChoice choice, CanonicalJson json) {
        json.beginObject();
        json.name("mode").text(choice.mode().name());
        if (choice.tool() != null) {
            json.name("tool").text(choice.tool());
        }
        json.endObject();
    }

    private static void writeTools(List<Tool> tools, CanonicalJson json) {
        json.beginArray();
        for (Tool tool : tools) {
            json.beginObject();
            json.name("description").text(tool.description());
            json.name("name").text(tool.name());
            json.name("parameters").text(tool.parameters().json());
            if (tool.strict() != null) {
                json.name("strict").value(tool.strict());
            }
            json.endObject();
        }
        json.endArray();
    }
}
