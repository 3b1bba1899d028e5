package io.headrace.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/** OpenAI Responses. */
record OpenAiResponses(ChatBody body) implements Question {

    @Override
    public String model() {
        return body.model();
    }

    @Override
    public Wire.@Nullable Problem problem() {
        Wire.Problem problem = OpenAiWire.chatProblem(body, "input");
        return problem == null ? OpenAiReasoning.responseProblem(body) : problem;
    }

    @Override
    public Demand demand(PromptCache promptCache) {
        return body.demand();
    }

    @Override
    public Content answer(Occasion occasion) {
        Reply reply = Reply.to(body, occasion.model(), occasion.occurrence());
        Response response = new Response(body, reply, occasion);
        return body.stream
                ? Content.stream(response.events(), reply.tokens())
                : Content.whole(Json.write(json -> response.write(json, response.finalStatus())), reply.tokens());
    }

    /** One answer: thoughts if there were any, then a message or a tool call. */
    private static final class Response {

        private final ChatBody body;
        private final Reply reply;
        private final String id;
        private final String thoughtId;
        private final String itemId;
        private final String callId;
        private final long created;
        private final List<byte[]> events = new ArrayList<>();

        Response(ChatBody body, Reply reply, Occasion occasion) {
            this.body = body;
            this.reply = reply;
            this.id = occasion.id("resp_");
            this.thoughtId = occasion.id("rs_");
            this.itemId = occasion.id(reply.call() == null ? "msg_" : "fc_");
            this.callId = occasion.id("call_");
            this.created = occasion.createdSeconds();
        }

        String finalStatus() {
            return reply.end() == Reply.End.TOKEN_LIMIT ? "incomplete" : "completed";
        }

        void write(JsonGenerator json, String status) {
            boolean isOver = !status.equals("in_progress");
            json.writeStartObject();
            json.writeStringProperty("id", id);
            json.writeStringProperty("object", "response");
            json.writeNumberProperty("created_at", created);
            json.writeStringProperty("status", status);
            if (status.equals("completed")) {
                json.writeNumberProperty("completed_at", created);
            }
            json.writeNullProperty("error");
            if (status.equals("incomplete")) {
                json.writeObjectPropertyStart("incomplete_details");
                json.writeStringProperty("reason", "max_output_tokens");
                json.writeEndObject();
            } else {
                json.writeNullProperty("incomplete_details");
            }
            json.writeNullProperty("instructions");
            json.writeStringProperty("model", ModelNames.dated(body.model()));
            json.writeArrayPropertyStart("output");
            if (isOver) {
                if (reply.reasoningTokens() > 0) {
                    thoughts(json);
                }
                item(json, "completed", true);
            }
            json.writeEndArray();
            json.writeBooleanProperty("parallel_tool_calls", true);
            json.writeObjectPropertyStart("metadata");
            json.writeEndObject();
            json.writeStringProperty("tool_choice", "auto");
            json.writeArrayPropertyStart("tools");
            json.writeEndArray();
            json.writeNumberProperty("temperature", 1.0);
            json.writeNumberProperty("top_p", 1.0);
            json.writeStringProperty("service_tier", "default");
            if (isOver) {
                usage(json);
            }
            json.writeEndObject();
        }

        List<byte[]> events() {
            response("response.created", "in_progress");
            response("response.in_progress", "in_progress");
            int index = 0;
            if (reply.reasoningTokens() > 0) {
                item("response.output_item.added", 0, this::thoughts);
                item("response.output_item.done", 0, this::thoughts);
                index = 1;
            }
            item("response.output_item.added", index, json -> item(json, "in_progress", false));
            if (reply.call() != null) {
                arguments(index, reply.call().arguments());
            } else if (reply.refusal() != null) {
                content(index, "refusal", "response.refusal", reply.refusal());
            } else {
                content(index, "text", "response.output_text", reply.text());
            }
            item("response.output_item.done", index, json -> item(json, "completed", true));
            response("response." + finalStatus(), finalStatus());
            return events;
        }

        private void arguments(int index, String arguments) {
            for (String piece : Reply.pieces(arguments.replace(",", ", "))) {
                String delta = piece.replace(", ", ",");
                place(
                        "response.function_call_arguments.delta",
                        index,
                        -1,
                        json -> json.writeStringProperty("delta", delta));
            }
            place("response.function_call_arguments.done", index, -1, json -> {
                json.writeStringProperty(
                        "name", reply.call() == null ? "" : reply.call().name());
                json.writeStringProperty("arguments", arguments);
            });
        }

        private void content(int index, String field, String event, String text) {
            place("response.content_part.added", index, 0, json -> part(json, ""));
            for (String piece : Reply.pieces(text)) {
                place(event + ".delta", index, 0, json -> {
                    json.writeStringProperty("delta", piece);
                    logprobs(json, field, piece, false);
                });
            }
            place(event + ".done", index, 0, json -> {
                json.writeStringProperty(field, text);
                logprobs(json, field, text, false);
            });
            place("response.content_part.done", index, 0, json -> part(json, text));
        }

        private void logprobs(JsonGenerator json, String field, String text, boolean withBytes) {
            if (field.equals("text")) {
                List<String> words = body.topLogprobs > 0 ? Reply.pieces(text) : List.of();
                OpenAiWire.logprobs(json, "logprobs", words, body.topLogprobs, withBytes);
            }
        }

        private void response(String type, String status) {
            event(type, json -> {
                json.writeName("response");
                write(json, status);
            });
        }

        private void item(String type, int index, Consumer<JsonGenerator> item) {
            event(type, json -> {
                json.writeNumberProperty("output_index", index);
                json.writeName("item");
                item.accept(json);
            });
        }

        /** An event within the item, and within its content unless {@code contentIndex} is negative. */
        private void place(String type, int index, int contentIndex, Consumer<JsonGenerator> what) {
            event(type, json -> {
                json.writeStringProperty("item_id", itemId);
                json.writeNumberProperty("output_index", index);
                if (contentIndex >= 0) {
                    json.writeNumberProperty("content_index", contentIndex);
                }
                what.accept(json);
            });
        }

        private void event(String type, Consumer<JsonGenerator> what) {
            int number = events.size();
            byte[] data = Json.write(json -> {
                json.writeStartObject();
                json.writeStringProperty("type", type);
                json.writeNumberProperty("sequence_number", number);
                what.accept(json);
                json.writeEndObject();
            });
            events.add(Sse.event(type, data));
        }

        private void thoughts(JsonGenerator json) {
            json.writeStartObject();
            json.writeStringProperty("id", thoughtId);
            json.writeStringProperty("type", "reasoning");
            json.writeArrayPropertyStart("summary");
            json.writeEndArray();
            json.writeEndObject();
        }

        private void item(JsonGenerator json, String status, boolean isWhole) {
            json.writeStartObject();
            json.writeStringProperty("id", itemId);
            if (reply.call() != null) {
                json.writeStringProperty("type", "function_call");
                json.writeStringProperty("status", status);
                json.writeStringProperty("call_id", callId);
                json.writeStringProperty("name", reply.call().name());
                json.writeStringProperty("arguments", isWhole ? reply.call().arguments() : "");
            } else {
                json.writeStringProperty("type", "message");
                json.writeStringProperty("status", status);
                json.writeStringProperty("role", "assistant");
                json.writeArrayPropertyStart("content");
                if (isWhole) {
                    contentPart(json, reply.refusal() == null ? reply.text() : reply.refusal());
                }
                json.writeEndArray();
            }
            json.writeEndObject();
        }

        private void part(JsonGenerator json, String text) {
            json.writeName("part");
            contentPart(json, text);
        }

        private void contentPart(JsonGenerator json, String text) {
            json.writeStartObject();
            if (reply.refusal() != null) {
                json.writeStringProperty("type", "refusal");
                json.writeStringProperty("refusal", text);
            } else {
                json.writeStringProperty("type", "output_text");
                json.writeStringProperty("text", text);
                json.writeArrayPropertyStart("annotations");
                json.writeEndArray();
                logprobs(json, "text", text, true);
            }
            json.writeEndObject();
        }

        private void usage(JsonGenerator json) {
            int prompt = body.promptTokens();
            json.writeObjectPropertyStart("usage");
            json.writeNumberProperty("input_tokens", prompt);
            json.writeObjectPropertyStart("input_tokens_details");
            json.writeNumberProperty("cached_tokens", 0);
            json.writeNumberProperty("cache_write_tokens", 0);
            json.writeEndObject();
            json.writeNumberProperty("output_tokens", reply.tokens());
            json.writeObjectPropertyStart("output_tokens_details");
            json.writeNumberProperty("reasoning_tokens", reply.reasoningTokens());
            json.writeEndObject();
            json.writeNumberProperty("total_tokens", prompt + reply.tokens());
            json.writeEndObject();
        }
    }
}
