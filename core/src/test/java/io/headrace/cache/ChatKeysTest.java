package io.headrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Fingerprint;
import io.headrace.model.ChatRequest;
import io.headrace.model.Message;
import io.headrace.model.Message.Role;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ChatKeysTest {

    private static final KeyFunction<ChatRequest> KEYS = ChatKeys.of("https://api.example.com/v1");

    private static final ChatRequest FULL = ChatRequest.builder("gpt-4o-mini")
            .system("Be brief.")
            .user("Name the topics.")
            .temperature(0.7)
            .topP(0.9)
            .maxOutputTokens(100)
            .stop("END")
            .seed(42)
            .extra("top_k", 5)
            .build();

    /**
     * Every component of a request with a change to it: each shapes the answer. A component that is added must be entered
     * here, with a change if it shapes the answer, else with a change that leaves the key alone in a test of its own.
     */
    private static final Map<String, UnaryOperator<ChatRequest>> SHAPING = Map.of(
            "model", q -> with(q, "gpt-4o", q.messages(), q.temperature(), q.topP()),
            "messages", q -> with(q, q.model(), List.of(Message.user("Other")), q.temperature(), q.topP()),
            "temperature", q -> with(q, q.model(), q.messages(), 0.8, q.topP()),
            "topP", q -> with(q, q.model(), q.messages(), q.temperature(), 0.8),
            "maxOutputTokens", q -> rest(q, 101, q.stop(), q.seed(), q.extra()),
            "stop", q -> rest(q, q.maxOutputTokens(), List.of("STOP"), q.seed(), q.extra()),
            "seed", q -> rest(q, q.maxOutputTokens(), q.stop(), 43L, q.extra()),
            "extra", q -> rest(q, q.maxOutputTokens(), q.stop(), q.seed(), Map.of("top_k", 6)));

    private static final Map<String, UnaryOperator<Message>> SHAPING_IN_MESSAGE = Map.of(
            "role", m -> new Message(Role.ASSISTANT, m.text()), "text", m -> new Message(m.role(), m.text() + " "));

    @Test
    void everyComponent_isClassified() {
        assertThat(components(ChatRequest.class)).containsExactlyInAnyOrderElementsOf(SHAPING.keySet());
        assertThat(components(Message.class)).containsExactlyInAnyOrderElementsOf(SHAPING_IN_MESSAGE.keySet());
    }

    @Test
    void everyShapingComponent_changesTheKey() {
        SHAPING.forEach((component, change) ->
                assertThat(of(change.apply(FULL))).as(component).isNotEqualTo(of(FULL)));
        SHAPING_IN_MESSAGE.forEach((component, change) -> {
            Message message = FULL.messages().get(0);
            ChatRequest changed = with(
                    FULL,
                    FULL.model(),
                    List.of(change.apply(message), FULL.messages().get(1)),
                    FULL.temperature(),
                    FULL.topP());
            assertThat(of(changed)).as(component).isNotEqualTo(of(FULL));
        });
    }

    @Test
    void goldenFingerprints_neverChange() {
        assertThat(of(ChatRequest.builder("gpt-4o-mini").user("Hi").build()))
                .hasToString("1af784ffeed743370f35c9bba9f6675bc7899e813af7908f5018426f3dedb270");
        assertThat(of(FULL)).hasToString("99112a519729f90e6aaf9740c5c42d8e3f0a450fd5955d85522a62cccb7bbda6");
        assertThat(of(ChatRequest.builder("claude-sonnet-4-5")
                        .system("Antworte auf Deutsch: \u00e4\u00f6\u00fc \u20ac \ud83d\ude00")
                        .user("")
                        .assistant("Ja\n\t\"\\")
                        .temperature(1)
                        .extra("response_format", Map.of("type", "json_schema", "strict", true))
                        .extra("nothing", null)
                        .build()))
                .hasToString("1e8ea6a7f2175cd55020e5eb978c88ab540fadcecced49013f6a088395ecf8d7");
        assertThat(ChatKeys.of("simulated")
                        .key(ChatRequest.builder("gpt-4o-mini")
                                .user("x".repeat(10_000))
                                .build())
                        .fingerprint())
                .hasToString("1462203dc7f70119809954b7608714861499e8f9c5711d4be8bfc0323985169c");
    }

    @Test
    void goldenFieldDigests_neverChange() {
        assertThat(KEYS.key(FULL).fields().stream().map(f -> f.field() + "=" + Long.toHexString(f.digest())))
                .containsExactly(
                        "extra.top_k=b3dc73a34fe66a01",
                        "maxOutputTokens=5c50ce363e740124",
                        "messages=cb96e12fa8292842",
                        "model=ae9b14413a6edd42",
                        "operation=b50e3cbd14ae7df9",
                        "provider=e0b7ca4820f76391",
                        "seed=7309939f6b64c737",
                        "stop=80aa43e9e5e3e659",
                        "temperature=b6363127f29882e4",
                        "topP=50cae0070079617e");
    }

    @Test
    void absentAndEmpty_areOne() {
        ChatRequest bare =
                new ChatRequest("m", List.of(Message.user("x")), null, null, null, List.of(), null, Map.of());
        assertThat(of(bare))
                .isEqualTo(of(ChatRequest.builder("m").user("x").stop().build()));
        assertThat(KEYS.key(bare).fields())
                .extracting(CallKey.FieldDigest::field)
                .containsExactly("messages", "model", "operation", "provider");
    }

    @Test
    void provider_isPartOfTheKey() {
        assertThat(ChatKeys.of("a").key(FULL).fingerprint())
                .isNotEqualTo(ChatKeys.of("b").key(FULL).fingerprint());
    }

    @Test
    void extraField_isKeptApartFromTheNamedOneItMayOverrule() {
        ChatRequest plain = ChatRequest.builder("m").user("x").build();
        ChatRequest named = ChatRequest.builder("m").user("x").temperature(0.5).build();
        ChatRequest extra =
                ChatRequest.builder("m").user("x").extra("temperature", 0.5).build();
        ChatRequest overruled = ChatRequest.builder("m")
                .user("x")
                .temperature(0.5)
                .extra("temperature", 0.9)
                .build();
        ChatRequest removed = ChatRequest.builder("m")
                .user("x")
                .temperature(0.5)
                .extra("temperature", null)
                .build();
        assertThat(List.of(of(plain), of(named), of(extra), of(overruled), of(removed)))
                .doesNotHaveDuplicates();
    }

    @Test
    void nullInRawJson_isKept() {
        Map<String, @Nullable Object> schema = new HashMap<>();
        schema.put("const", null);
        assertThat(of(ChatRequest.builder("m").user("x").extra("schema", schema).build()))
                .isNotEqualTo(of(ChatRequest.builder("m")
                        .user("x")
                        .extra("schema", Map.of())
                        .build()));
    }

    @Test
    void textMovedBetweenMessages_changesTheKey() {
        assertThat(List.of(
                        of(ChatRequest.builder("m").user("ab").user("c").build()),
                        of(ChatRequest.builder("m").user("a").user("bc").build()),
                        of(ChatRequest.builder("m").user("abc").build()),
                        of(ChatRequest.builder("m").user("abc").user("").build()),
                        of(ChatRequest.builder("m").user("").user("abc").build()),
                        of(ChatRequest.builder("m").system("ab").user("c").build())))
                .doesNotHaveDuplicates();
    }

    /** Two requests from a small space are equal exactly when their keys are. */
    @Test
    void randomRequests_haveEqualKeysExactlyWhenTheyAreEqual() {
        Random random = new Random(3);
        Map<Fingerprint, ChatRequest> byKey = new HashMap<>();
        Map<ChatRequest, Fingerprint> byRequest = new HashMap<>();
        for (int i = 0; i < 50_000; i++) {
            ChatRequest request = random(random);
            Fingerprint key = of(request);
            ChatRequest same = byKey.putIfAbsent(key, request);
            if (same != null) {
                assertThat(request).isEqualTo(same);
            }
            Fingerprint known = byRequest.putIfAbsent(request, key);
            if (known != null) {
                assertThat(key).isEqualTo(known);
            }
        }
        assertThat(byKey).hasSizeGreaterThan(1_000).hasSameSizeAs(byRequest);
    }

    @Test
    void sameMeaningInOtherTypesAndOrder_givesTheSameKey() {
        Map<String, Object> format = new LinkedHashMap<>();
        format.put("type", "json_object");
        format.put("depth", 2.0);
        ChatRequest one = ChatRequest.builder("m")
                .user("x")
                .temperature(1)
                .extra("a", format)
                .extra("b", List.of(1, 2L))
                .build();
        ChatRequest two = ChatRequest.builder("m")
                .extra("b", List.of(1.0, 2))
                .extra("a", Map.of("depth", 2, "type", "json_object"))
                .temperature(1.0)
                .user("x")
                .build();
        assertThat(of(one)).isEqualTo(of(two));
    }

    private static ChatRequest random(Random random) {
        String[] texts = {"", "a", "b", "ab", "a\"", "{}", "\u20ac"};
        List<Message> messages = new ArrayList<>();
        for (int i = 1 + random.nextInt(2); i > 0; i--) {
            messages.add(new Message(Role.values()[random.nextInt(3)], texts[random.nextInt(texts.length)]));
        }
        List<String> stop = random.nextInt(3) > 0 ? List.of() : List.of(texts[random.nextInt(texts.length)]);
        Map<String, Object> extra =
                random.nextInt(3) > 0 ? Map.of() : Map.of(texts[random.nextInt(3)], texts[random.nextInt(3)]);
        return new ChatRequest(
                random.nextBoolean() ? "m" : "n",
                messages,
                random.nextBoolean() ? null : (double) random.nextInt(2),
                null,
                random.nextInt(3) > 0 ? null : 1 + random.nextInt(2),
                stop,
                random.nextInt(3) > 0 ? null : (long) random.nextInt(2),
                extra);
    }

    private static List<String> components(Class<?> type) {
        return Arrays.stream(type.getRecordComponents())
                .map(RecordComponent::getName)
                .toList();
    }

    private static ChatRequest with(
            ChatRequest q, String model, List<Message> messages, @Nullable Double temperature, @Nullable Double topP) {
        return new ChatRequest(model, messages, temperature, topP, q.maxOutputTokens(), q.stop(), q.seed(), q.extra());
    }

    private static ChatRequest rest(
            ChatRequest q,
            @Nullable Integer maxOutputTokens,
            List<String> stop,
            @Nullable Long seed,
            Map<String, @Nullable Object> extra) {
        return new ChatRequest(q.model(), q.messages(), q.temperature(), q.topP(), maxOutputTokens, stop, seed, extra);
    }

    private static Fingerprint of(ChatRequest request) {
        return KEYS.key(request).fingerprint();
    }
}
