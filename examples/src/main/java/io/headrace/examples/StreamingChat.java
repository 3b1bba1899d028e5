package io.headrace.examples;

import io.headrace.cache.InMemoryCache;
import io.headrace.cache.ResponseCache;
import io.headrace.layer.CallStack;
import io.headrace.layer.ChatStream;
import io.headrace.model.ChatRequest;
import io.headrace.provider.openai.OpenAi;
import io.headrace.testkit.SimulatedProvider;
import java.time.Duration;

/**
 * An answer piece by piece, as the model writes it, through the same layers as any call: what was streamed is in the cache.
 *
 * <p>For a real provider leave the simulated one out and build {@code OpenAi.builder().apiKeyFromEnv().build()}.
 */
public final class StreamingChat {

    private StreamingChat() {}

    public static void main(String[] args) {
        try (SimulatedProvider provider = SimulatedProvider.builder()
                        .streamPace(Duration.ofMillis(20))
                        .start();
                OpenAi openAi = OpenAi.builder()
                        .baseUrl(provider.baseUrl() + "/v1")
                        .apiKey("any")
                        .build();
                ResponseCache cache = InMemoryCache.create()) {

            ChatStream chat =
                    ChatStream.of(CallStack.chat(openAi.chat()).cache(cache).build());

            ChatRequest request = ChatRequest.builder("gpt-4o-mini")
                    .user("Ducks and geese swim on the pond beside the old mill.")
                    .build();

            chat.texts(request).doOnNext(System.out::print).blockLast();
            System.out.println();

            // the same answer from the cache, in one piece; cancelling would have closed the connection at once
            System.out.println(
                    "pieces from the cache: " + chat.texts(request).count().block());
            System.out.println("requests sent: " + provider.statistics().requests());
        }
    }
}
