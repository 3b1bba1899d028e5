package io.headrace.examples;

import io.headrace.Codec;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.ResponseCache;
import io.headrace.model.ChatRequest;
import io.headrace.provider.openai.OpenAi;
import io.headrace.testkit.SimulatedProvider;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the code of docs/guide.md works with. {@link DocsTest} finds every block of the guide below this. */
@Timeout(60)
abstract class Guide {

    static final List<String> TEXTS =
            List.of("The court ruled on the contract.", "The bread is brown.", "The duck has eggs.");

    final SimulatedProvider provider = SimulatedProvider.builder().start();

    final OpenAi openAi =
            OpenAi.builder().baseUrl(provider.baseUrl() + "/v1").apiKey("any").build();

    final ResponseCache cache = InMemoryCache.create();

    @TempDir
    Path folder;

    @AfterEach
    void close() {
        cache.close();
        openAi.close();
        provider.close();
    }

    static ChatRequest topics(String text) {
        return ChatRequest.builder("gpt-4o-mini")
                .system("Name the topics of the text as a JSON array.")
                .user(text)
                .maxOutputTokens(100)
                .build();
    }

    @SuppressWarnings("unchecked")
    static List<String> parse(String json) {
        return Codec.json(List.class).decode(json.getBytes(StandardCharsets.UTF_8));
    }
}
