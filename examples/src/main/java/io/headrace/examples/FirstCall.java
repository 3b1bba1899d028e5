package io.headrace.examples;

import io.headrace.Call;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.ResponseCache;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.openai.OpenAi;
import io.headrace.testkit.Fault;
import io.headrace.testkit.SimulatedProvider;
import reactor.core.publisher.Mono;

/**
 * One question to a chat model: the layers retry what fails and never pay twice for an answer.
 *
 * <p>Run it with {@code ./headrace --version && java -cp '.headrace/current/*' io.headrace.examples.FirstCall}. For a real
 * provider leave the simulated one out and build {@code OpenAi.builder().apiKeyFromEnv().build()}.
 */
public final class FirstCall {

    private FirstCall() {}

    public static void main(String[] args) {
        try (SimulatedProvider provider = SimulatedProvider.builder().start();
                OpenAi openAi = OpenAi.builder()
                        .baseUrl(provider.baseUrl() + "/v1")
                        .apiKey("any")
                        .build();
                ResponseCache cache = InMemoryCache.create()) {

            Call<ChatRequest, ChatResponse> chat =
                    CallStack.chat(openAi.chat()).cache(cache).build();

            ChatRequest request = ChatRequest.builder("gpt-4o-mini")
                    .system("Name the topics of the text as a JSON array.")
                    .user("The court ruled that the contract between the bank and its customer is void.")
                    .maxOutputTokens(100)
                    .build();

            Mono<String> topics = chat.apply(request).map(ChatResponse::text); // nothing happens yet

            provider.failNext(1, Fault.serverError()); // the first attempt fails, a retry brings the answer
            System.out.println("asked: " + topics.block());
            System.out.println("asked again: " + topics.block()); // by the cache
            System.out.println("requests sent: " + provider.statistics().requests());
        }
    }
}
