package io.headrace.testkit;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/** OpenAI Chat Completions. */
record OpenAiChat(ChatBody body) implements Question {

    private static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.UTF_8);

    @Override
    public String model() {
        return body.model();
    }

    @Override
    public Wire.@Nullable Problem problem() {
        Wire.Problem problem = OpenAiWire.chatProblem(body, "messages");
        if (problem != null) {
            return problem;
        }
        if (body.choices < 1 || body.choices > 128) {
            return OpenAiWire.badValue("n", "Invalid 'n': expected a value from 1 to 128.");
        }
        return body.topLogprobs > 0 && !body.logprobs
                ? OpenAiWire.badValue("top_logprobs", "'top_logprobs' needs 'logprobs' to be true.")
                : OpenAiReasoning.chatProblem(body);
    }

    @Override
    public Demand demand(PromptCache promptCache) {
        return body.demand();
    }

    @Override
    public Content answer(Occasion occasion) {
        Reply reply = Reply.to(body, occasion.model(), occasion.occurrence());
        Completion completion = new Completion(body, reply, occasion);
        long tokens = body.choices * reply.tokens();
        return body.stream
                ? Content.stream(completion.events(), tokens)
                : Content.whole(Json.write(completion::write), tokens);
    }

    /** One answer; all its choices say the same. */
    private static final class Completion {

        private final ChatBody body;
        private final Reply reply;
        private final String id;
        private final String callId;
        private final long created;
        private final String model;
        private final int choices;

        Completion(ChatBody body, Reply reply, Occasion occasion) {
            this.body = body;
            this.reply = reply;
            this.id = occasion.id("chatcmpl-");
            this.callId = occasion.id("call_");
            this.created = occasion.createdSeconds();
            this.model = ModelNames.dated(body.model());
            this.choices = (int) body.choices;
        }

        void write(JsonGenerator json) {
            json.writeStartObject();
            head(json, "chat.completion");
            json.writeStringProperty("service_tier", "default");
            json.writeArrayPropertyStart("choices");
            for (int i = 0; i < choices; i++) {
                json.writeStartObject();
                json.writeNumberProperty("index", i);
                json.writeObjectPropertyStart("message");
                json.writeStringProperty("role", "assistant");
                json.writeStringProperty("content", saysNothing() ? null : reply.text());
                json.writeStringProperty("refusal", reply.refusal());
                json.writeArrayPropertyStart("annotations");
                json.writeEndArray();
                if (reply.call() != null) {
                    json.writeArrayPropertyStart("tool_calls");
                    json.writeStartObject();
                    json.writeStringProperty("id", callId(i));
                    json.writeStringProperty("type", "function");
                    function(json, reply.call().name(), reply.call().arguments());
                    json.writeEndObject();
                    json.writeEndArray();
                }
                json.writeEndObject();
                logprobs(json, reply.text());
                json.writeStringProperty("finish_reason", finishReason());
                json.writeEndObject();
            }
            json.writeEndArray();
            usage(json);
            json.writeEndObject();
        }

        /** Choices come one after another, as real ones do piece by piece in any order. */
        List<byte[]> events() {
            List<byte[]> events = new ArrayList<>();
            for (int i = 0; i < choices; i++) {
                int choice = i;
                Reply.Call call = reply.call();
                events.add(chunk(i, "", null, json -> {
                    json.writeStringProperty("role", "assistant");
                    json.writeStringProperty("content", saysNothing() ? null : "");
                    if (call != null) {
                        toolCall(json, callId(choice), call.name(), "");
                    }
                    json.writeNullProperty("refusal");
                }));
                if (call != null) {
                    for (String piece : Reply.pieces(call.arguments().replace(",", ", "))) {
                        String arguments = piece.replace(", ", ",");
                        events.add(chunk(i, "", null, json -> toolCall(json, null, null, arguments)));
                    }
                }
                for (String piece : Reply.pieces(reply.text())) {
                    events.add(chunk(i, piece, null, json -> json.writeStringProperty("content", piece)));
                }
                if (reply.refusal() != null) {
                    for (String piece : Reply.pieces(reply.refusal())) {
                        events.add(chunk(i, "", null, json -> json.writeStringProperty("refusal", piece)));
                    }
                }
                events.add(chunk(i, "", finishReason(), json -> {}));
            }
            if (body.includeUsage) {
                events.add(Sse.data(Json.write(json -> {
                    json.writeStartObject();
                    head(json, "chat.completion.chunk");
                    json.writeStringProperty("service_tier", "default");
                    json.writeArrayPropertyStart("choices");
                    json.writeEndArray();
                    usage(json);
                    json.writeEndObject();
                })));
            }
            events.add(Sse.data(DONE));
            return events;
        }

        private byte[] chunk(int choice, String text, @Nullable String finish, Consumer<JsonGenerator> delta) {
            return Sse.data(Json.write(json -> {
                json.writeStartObject();
                head(json, "chat.completion.chunk");
                json.writeStringProperty("service_tier", "default");
                json.writeArrayPropertyStart("choices");
                json.writeStartObject();
                json.writeNumberProperty("index", choice);
                json.writeObjectPropertyStart("delta");
                delta.accept(json);
                json.writeEndObject();
                logprobs(json, text);
                json.writeStringProperty("finish_reason", finish);
                json.writeEndObject();
                json.writeEndArray();
                if (body.includeUsage) {
                    json.writeNullProperty("usage");
                }
                json.writeEndObject();
            }));
        }

        private void head(JsonGenerator json, String object) {
            json.writeStringProperty("id", id);
            json.writeStringProperty("object", object);
            json.writeNumberProperty("created", created);
            json.writeStringProperty("model", model);
            json.writeStringProperty("system_fingerprint", "fp_simulated");
        }

        private static void toolCall(JsonGenerator json, @Nullable String id, @Nullable String name, String arguments) {
            json.writeArrayPropertyStart("tool_calls");
            json.writeStartObject();
            json.writeNumberProperty("index", 0);
            if (id != null) {
                json.writeStringProperty("id", id);
                json.writeStringProperty("type", "function");
            }
            function(json, name, arguments);
            json.writeEndObject();
            json.writeEndArray();
        }

        private static void function(JsonGenerator json, @Nullable String name, String arguments) {
            json.writeObjectPropertyStart("function");
            if (name != null) {
                json.writeStringProperty("name", name);
            }
            json.writeStringProperty("arguments", arguments);
            json.writeEndObject();
        }

        private void logprobs(JsonGenerator json, String text) {
            if (!body.logprobs || text.isEmpty()) {
                json.writeNullProperty("logprobs");
                return;
            }
            json.writeObjectPropertyStart("logprobs");
            OpenAiWire.logprobs(json, "content", Reply.pieces(text), body.topLogprobs, true);
            json.writeNullProperty("refusal");
            json.writeEndObject();
        }

        private void usage(JsonGenerator json) {
            int prompt = body.promptTokens();
            int answer = choices * reply.tokens();
            json.writeObjectPropertyStart("usage");
            json.writeNumberProperty("prompt_tokens", prompt);
            json.writeNumberProperty("completion_tokens", answer);
            json.writeNumberProperty("total_tokens", prompt + answer);
            json.writeObjectPropertyStart("prompt_tokens_details");
            json.writeNumberProperty("cached_tokens", 0);
            json.writeNumberProperty("audio_tokens", 0);
            json.writeEndObject();
            json.writeObjectPropertyStart("completion_tokens_details");
            json.writeNumberProperty("reasoning_tokens", choices * reply.reasoningTokens());
            json.writeNumberProperty("audio_tokens", 0);
            json.writeNumberProperty("accepted_prediction_tokens", 0);
            json.writeNumberProperty("rejected_prediction_tokens", 0);
            json.writeEndObject();
            json.writeEndObject();
        }

        private boolean saysNothing() {
            return reply.call() != null || reply.refusal() != null;
        }

        private String callId(int choice) {
            return choice == 0 ? callId : callId + "_" + choice;
        }

        private String finishReason() {
            return switch (reply.end()) {
                case TOKEN_LIMIT -> "length";
                case TOOL_CALL -> "tool_calls";
                case DONE, STOP_TEXT, REFUSAL -> "stop";
            };
        }
    }
}
