package io.headrace.examples;

import io.headrace.Call;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.Part.ToolCall;
import io.headrace.model.Part.ToolResult;
import io.headrace.model.Structured;
import io.headrace.model.Tool;
import io.headrace.provider.openai.OpenAi;
import io.headrace.testkit.SimulatedProvider;
import reactor.core.publisher.Mono;

/** A tool: the model asks for it, we call it, and the model goes on from what it gave. */
public final class ToolCalls {

    /** The tool's arguments. */
    record Weather(String city) {}

    private static final Structured<Weather> ARGUMENTS = Structured.of(Weather.class);

    private ToolCalls() {}

    public static void main(String[] args) {
        try (SimulatedProvider provider = SimulatedProvider.builder().start();
                OpenAi openAi = OpenAi.builder()
                        .baseUrl(provider.baseUrl() + "/v1")
                        .apiKey("any")
                        .build()) {

            ChatRequest request = ChatRequest.builder("gpt-4o-mini")
                    .user("What is the weather in Lisbon?")
                    .tools(Tool.of("get_weather", "Tells the weather of a city.", ARGUMENTS.schema()))
                    .build();
            Call<ChatRequest, ChatResponse> chat = CallStack.chat(openAi.chat()).build();
            System.out.println(converse(chat, request).map(ChatResponse::text).block());
        }
    }

    /** Asks, and asks again with the results, until the model wants no tool any more. */
    private static Mono<ChatResponse> converse(Call<ChatRequest, ChatResponse> chat, ChatRequest request) {
        return chat.apply(request).flatMap(answer -> {
            if (answer.toolCalls().isEmpty()) {
                return Mono.just(answer);
            }
            ToolResult[] results =
                    answer.toolCalls().stream().map(ToolCalls::call).toArray(ToolResult[]::new);
            ChatRequest next =
                    request.toBuilder().answer(answer).toolResults(results).build();
            return converse(chat, next);
        });
    }

    private static ToolResult call(ToolCall call) {
        System.out.println("the model calls " + call.name() + " with " + call.arguments());
        Weather asked = ARGUMENTS.parse(call.arguments());
        return new ToolResult(call.id(), "Sunny in " + asked.city() + ", 21 degrees.");
    }
}
