package io.headrace.cache;

import io.headrace.model.ChatRequest;
import io.headrace.model.EmbeddingRequest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Requests whose keys are known. A process that makes others, for the fault of a platform or of a change, finds nothing and buys
 * everything again.
 */
final class GoldenKeys {

    private static final String PROVIDER = "https://api.example.com/v1";

    private GoldenKeys() {}

    /** What is wrong; empty if nothing is. */
    static List<String> problems() {
        List<String> problems = new ArrayList<>();
        keys().forEach((expected, key) -> {
            String made = key.fingerprint().toString();
            if (!made.equals(expected)) {
                problems.add("this process makes the key " + made + " for the request that has " + expected
                        + ", so it finds no stored answer: report this, with the version of Java");
            }
        });
        return problems;
    }

    private static Map<String, CallKey> keys() {
        KeyFunction<ChatRequest> chat = ChatKeys.of(PROVIDER);
        Map<String, CallKey> keys = new LinkedHashMap<>();
        keys.put(
                "1af784ffeed743370f35c9bba9f6675bc7899e813af7908f5018426f3dedb270",
                chat.key(ChatRequest.builder("gpt-4o-mini").user("Hi").build()));
        keys.put(
                "1e8ea6a7f2175cd55020e5eb978c88ab540fadcecced49013f6a088395ecf8d7",
                chat.key(ChatRequest.builder("claude-sonnet-4-5")
                        .system("Antworte auf Deutsch: \u00e4\u00f6\u00fc \u20ac \ud83d\ude00")
                        .user("")
                        .assistant("Ja\n\t\"\\")
                        .temperature(1)
                        .extra("response_format", Map.of("type", "json_schema", "strict", true))
                        .extra("nothing", null)
                        .build()));
        keys.put(
                "b8a898566f31497ad92bb225b330399e08fd8abce7af70086bbed271b9098544",
                EmbeddingKeys.of(PROVIDER)
                        .key(EmbeddingRequest.of("text-embedding-3-small", "one", "two \u00e4")
                                .withDimensions(256)));
        return keys;
    }
}
