package io.headrace.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Fingerprint;
import io.headrace.model.AnswerFormat;
import io.headrace.model.ChatRequest;
import io.headrace.model.EmbeddingRequest;
import io.headrace.model.JsonSchema;
import io.headrace.model.Media;
import io.headrace.model.Message;
import io.headrace.model.Message.Role;
import io.headrace.model.Part;
import io.headrace.model.ReasoningEffort;
import io.headrace.model.Tool;
import io.headrace.model.ToolChoice;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Generated requests with everything in them: equal meaning gives equal keys, each change to the meaning gives another. */
class KeySafetyTest {

    private static final int REQUESTS = 1_000;
    private static final KeyFunction<ChatRequest> CHAT = ChatKeys.of("https://api.example.com/v1");
    private static final KeyFunction<EmbeddingRequest> EMBEDDINGS = EmbeddingKeys.of("https://api.example.com/v1");
    private static final JsonSchema ANY = JsonSchema.of("{\"type\":\"object\"}");
    private static final String[] TEXTS = {
        "",
        "a",
        "A",
        "ab",
        " a",
        "a ",
        "a\n",
        "null",
        "0",
        "\"",
        "\\",
        "{}",
        "\u20ac",
        "\ud83d\ude00",
        "\ud83d",
        "\ude00",
        "e\u0301",
        "\u00e9",
        "\u0000",
        "\ufeffa"
    };

    private final Random random = new Random(20261122);

    /** Every change that shapes the answer; each gives a key unlike the request's own and unlike those of the others. */
    private static final List<BiFunction<ChatRequest, Random, ChatRequest>> CHANGES = List.of(
            (q, r) -> q.toBuilder().model(q.model() + "x").build(),
            (q, r) -> q.toBuilder().user("one more").build(),
            (q, r) -> q.toBuilder().temperature(next(q.temperature(), 0)).build(),
            (q, r) -> q.toBuilder().topP(next(q.topP(), 0.5) / 2).build(),
            (q, r) -> q.toBuilder().topK(next(q.topK())).build(),
            (q, r) -> q.toBuilder().presencePenalty(-1.5).build(),
            (q, r) -> q.toBuilder().frequencyPenalty(-1.5).build(),
            (q, r) -> q.toBuilder().maxOutputTokens(next(q.maxOutputTokens())).build(),
            (q, r) -> q.toBuilder()
                    .stop(q.stop().isEmpty() ? "" : q.stop().get(0) + "x")
                    .build(),
            (q, r) -> q.toBuilder().seed(q.seed() == null ? 0 : q.seed() + 1).build(),
            (q, r) -> q.toBuilder().topLogprobs(next(q.topLogprobs())).build(),
            (q, r) -> q.toBuilder()
                    .reasoningEffort(
                            q.reasoningEffort() == ReasoningEffort.HIGH ? ReasoningEffort.LOW : ReasoningEffort.HIGH)
                    .build(),
            (q, r) -> q.toBuilder()
                    .answerFormat(new AnswerFormat.Schema("other", "", ANY, true))
                    .build(),
            (q, r) -> q.toBuilder().tools(Tool.of("another", "", ANY)).build(),
            (q, r) -> q.toBuilder().extra("another", "x").build(),
            (q, r) -> q.toBuilder().extra("another", null).build(),
            (q, r) -> mapMessage(q, r, m -> new Message(other(m.role()), List.of(new Part.Text("a role")))),
            (q, r) -> mapMessage(q, r, m -> Message.user(new Part.Text("a text"), new Part.Image(Media.url("u")))),
            (q, r) -> swapped(q));

    @Test
    void requestsOfEqualMeaning_haveEqualKeys() {
        for (int i = 0; i < REQUESTS; i++) {
            ChatRequest request = chat();
            assertThat(CHAT.key(rewritten(request))).as(request.toString()).isEqualTo(CHAT.key(request));
            EmbeddingRequest embedding = embedding();
            assertThat(EMBEDDINGS.key(new EmbeddingRequest(
                            embedding.model(),
                            new ArrayList<>(embedding.inputs()),
                            embedding.dimensions(),
                            shuffled(embedding.extra()))))
                    .isEqualTo(EMBEDDINGS.key(embedding));
        }
    }

    @Test
    void eachChangeOfMeaning_givesAnotherKey() {
        for (int i = 0; i < REQUESTS; i++) {
            ChatRequest request = chat();
            Set<Fingerprint> keys = new HashSet<>();
            keys.add(CHAT.key(request).fingerprint());
            Set<ChatRequest> meanings = new HashSet<>();
            meanings.add(request);
            for (BiFunction<ChatRequest, Random, ChatRequest> change : CHANGES) {
                ChatRequest changed = change.apply(request, random);
                assertThat(keys.add(CHAT.key(changed).fingerprint()))
                        .as("change %d of %s", CHANGES.indexOf(change), request)
                        .isEqualTo(meanings.add(changed));
            }
            assertThat(keys).hasSizeGreaterThan(CHANGES.size() - 3);
        }
    }

    @Test
    void eachChangeOfAnEmbedding_givesAnotherKey() {
        for (int i = 0; i < REQUESTS; i++) {
            EmbeddingRequest request = embedding();
            List<String> more = new ArrayList<>(request.inputs());
            more.add("more");
            List<String> joined = List.of(String.join("", request.inputs()) + "!");
            assertThat(List.of(
                            key(request),
                            key(new EmbeddingRequest(
                                    request.model() + "x", request.inputs(), request.dimensions(), request.extra())),
                            key(new EmbeddingRequest(request.model(), more, request.dimensions(), request.extra())),
                            key(new EmbeddingRequest(request.model(), joined, request.dimensions(), request.extra())),
                            key(request.withDimensions(next(request.dimensions()))),
                            key(request.withExtra("another", 1))))
                    .doesNotHaveDuplicates();
        }
    }

    /** A changed field changes its own digest and no other one. */
    @Test
    void changedField_isToldByItsDigestAlone() {
        for (int i = 0; i < REQUESTS; i++) {
            ChatRequest request = chat();
            CallKey changed = CHAT.key(request.toBuilder().model("another").build());
            List<CallKey.FieldDigest> differing = new ArrayList<>(changed.fields());
            differing.removeAll(CHAT.key(request).fields());
            assertThat(differing).extracting(CallKey.FieldDigest::field).containsExactly("model");
        }
    }

    @Test
    void chatAndEmbedding_neverShareAKey() {
        Set<Fingerprint> keys = new HashSet<>();
        for (int i = 0; i < REQUESTS; i++) {
            keys.add(CHAT.key(chat()).fingerprint());
        }
        for (int i = 0; i < REQUESTS; i++) {
            assertThat(keys).doesNotContain(key(embedding()));
        }
    }

    /** Texts that look alike are as many keys as there are texts: nothing is normalised that a model would see. */
    @Test
    void everyText_isAKeyOfItsOwn() {
        Set<Fingerprint> keys = new HashSet<>();
        for (String text : TEXTS) {
            keys.add(CHAT.key(ChatRequest.builder("m").user(text).build()).fingerprint());
        }
        assertThat(keys).hasSize(TEXTS.length);
    }

    /** The same request by other means: other types of numbers, other order of members and fields, n, cache points. */
    private ChatRequest rewritten(ChatRequest request) {
        return new ChatRequest(
                request.model(),
                request.messages().stream().map(KeySafetyTest::withCachePoint).toList(),
                request.temperature(),
                request.topP(),
                request.topK(),
                request.presencePenalty(),
                request.frequencyPenalty(),
                request.maxOutputTokens(),
                new ArrayList<>(request.stop()),
                request.seed(),
                random.nextBoolean() ? null : Integer.valueOf(1 + random.nextInt(9)),
                request.topLogprobs(),
                request.reasoningEffort(),
                request.answerFormat(),
                request.tools().stream()
                        .map(tool -> tool.withCachePoint(Part.CachePoint.LONG))
                        .toList(),
                request.toolChoice(),
                request.parallelToolCalls(),
                shuffled(request.extra()));
    }

    private static Message withCachePoint(Message message) {
        if (message.role() != Role.USER) {
            return message;
        }
        List<Part> parts = new ArrayList<>(message.parts());
        parts.add(Part.CachePoint.SHORT);
        return new Message(message.role(), parts);
    }

    private Map<String, @Nullable Object> shuffled(Map<String, @Nullable Object> members) {
        List<String> names = new ArrayList<>(members.keySet());
        Collections.shuffle(names, random);
        Map<String, @Nullable Object> shuffled = new LinkedHashMap<>();
        for (String name : names) {
            shuffled.put(name, sameValue(members.get(name)));
        }
        return shuffled;
    }

    @SuppressWarnings("unchecked") // texts are the names of generated objects
    private @Nullable Object sameValue(@Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            return shuffled((Map<String, @Nullable Object>) map);
        } else if (value instanceof List<?> list) {
            List<@Nullable Object> same = new ArrayList<>();
            list.forEach(element -> same.add(sameValue(element)));
            return same;
        } else if (value instanceof Integer number) {
            return switch (random.nextInt(6)) {
                case 0 -> number.longValue();
                case 1 -> number.doubleValue();
                case 2 -> BigInteger.valueOf(number);
                case 3 -> new BigDecimal(number).setScale(3);
                case 4 -> number.floatValue();
                default -> number;
            };
        } else if (value instanceof Double number) {
            return random.nextBoolean() ? number : new BigDecimal(number.toString()).setScale(5);
        }
        return value;
    }

    private ChatRequest chat() {
        ChatRequest.Builder request = ChatRequest.builder("m" + random.nextInt(3));
        for (int i = 2 + random.nextInt(3); i > 0; i--) {
            request.message(message());
        }
        maybe(() -> request.temperature(random.nextInt(20) / 10.0));
        maybe(() -> request.topP((1 + random.nextInt(10)) / 10.0));
        maybe(() -> request.topK(1 + random.nextInt(50)));
        maybe(() -> request.presencePenalty(random.nextInt(20) / 10.0));
        maybe(() -> request.frequencyPenalty(random.nextInt(20) / 10.0));
        maybe(() -> request.maxOutputTokens(1 + random.nextInt(5_000)));
        maybe(() -> request.stop(text(), text()));
        maybe(() -> request.seed(random.nextLong()));
        maybe(() -> request.n(1 + random.nextInt(5)));
        maybe(() -> request.topLogprobs(random.nextInt(20)));
        maybe(() -> request.reasoningEffort(ReasoningEffort.values()[random.nextInt(ReasoningEffort.values().length)]));
        maybe(() -> request.answerFormat(
                random.nextBoolean() ? AnswerFormat.json() : new AnswerFormat.Schema("s", text(), schema(), true)));
        if (random.nextBoolean()) {
            request.tools(Tool.of("f", text(), schema()), new Tool("g", text(), schema(), random.nextBoolean(), null));
            maybe(() -> request.toolChoice(random.nextBoolean() ? ToolChoice.of("f") : ToolChoice.REQUIRED));
            maybe(() -> request.parallelToolCalls(random.nextBoolean()));
        }
        for (int i = random.nextInt(4); i > 0; i--) {
            request.extra("x" + i, json(0));
        }
        return request.build();
    }

    private Message message() {
        return switch (random.nextInt(4)) {
            case 0 -> new Message(Role.SYSTEM, text());
            case 1 ->
                Message.user(
                        new Part.Text(text()),
                        random.nextBoolean() ? new Part.Image(media(), "low") : new Part.Document(media(), text()));
            case 2 ->
                new Message(
                        Role.ASSISTANT,
                        List.of(
                                new Part.Reasoning(text(), text(), text(), text()),
                                random.nextBoolean() ? new Part.Refusal(text()) : new Part.ToolCall("c", "f", text())));
            default -> Message.tool(new Part.ToolResult("c", List.of(new Part.Text(text())), random.nextBoolean()));
        };
    }

    private Media media() {
        byte[] bytes = new byte[1 + random.nextInt(8)];
        random.nextBytes(bytes);
        return random.nextBoolean()
                ? Media.of("image/png", bytes)
                : Media.url("https://example.com/" + random.nextInt());
    }

    private JsonSchema schema() {
        return JsonSchema.of("{\"type\":\"object\",\"title\":\"t" + random.nextInt(100) + "\"}");
    }

    private EmbeddingRequest embedding() {
        List<String> inputs = new ArrayList<>();
        for (int i = 1 + random.nextInt(4); i > 0; i--) {
            inputs.add(text() + "x");
        }
        Map<String, @Nullable Object> extra = new LinkedHashMap<>();
        for (int i = random.nextInt(3); i > 0; i--) {
            extra.put("x" + i, json(0));
        }
        return new EmbeddingRequest("m", inputs, random.nextBoolean() ? null : Integer.valueOf(8), extra);
    }

    private @Nullable Object json(int depth) {
        return switch (random.nextInt(depth < 3 ? 8 : 6)) {
            case 0 -> null;
            case 1 -> text();
            case 2 -> random.nextBoolean();
            case 3 -> random.nextInt(1_000) - 500;
            case 4 -> random.nextInt(1_000) / 8.0;
            case 5 -> random.nextLong();
            case 6 -> {
                List<@Nullable Object> list = new ArrayList<>();
                for (int i = random.nextInt(4); i > 0; i--) {
                    list.add(json(depth + 1));
                }
                yield list;
            }
            default -> {
                Map<String, @Nullable Object> map = new LinkedHashMap<>();
                for (int i = random.nextInt(4); i > 0; i--) {
                    map.put(text() + i, json(depth + 1));
                }
                yield map;
            }
        };
    }

    private String text() {
        return TEXTS[random.nextInt(TEXTS.length)] + TEXTS[random.nextInt(TEXTS.length)];
    }

    private void maybe(Runnable change) {
        if (random.nextInt(3) > 0) {
            change.run();
        }
    }

    private static ChatRequest mapMessage(ChatRequest request, Random random, UnaryOperator<Message> change) {
        List<Message> messages = new ArrayList<>(request.messages());
        int at = random.nextInt(messages.size());
        messages.set(at, change.apply(messages.get(at)));
        return withMessages(request, messages);
    }

    /** The first two messages change places, which is a change only if they differ. */
    private static ChatRequest swapped(ChatRequest request) {
        List<Message> messages = new ArrayList<>(request.messages());
        Collections.swap(messages, 0, 1);
        return withMessages(request, messages);
    }

    private static ChatRequest withMessages(ChatRequest request, List<Message> messages) {
        return new ChatRequest(
                request.model(),
                messages,
                request.temperature(),
                request.topP(),
                request.topK(),
                request.presencePenalty(),
                request.frequencyPenalty(),
                request.maxOutputTokens(),
                request.stop(),
                request.seed(),
                request.n(),
                request.topLogprobs(),
                request.reasoningEffort(),
                request.answerFormat(),
                request.tools(),
                request.toolChoice(),
                request.parallelToolCalls(),
                request.extra());
    }

    private static Role other(Role role) {
        return role == Role.SYSTEM ? Role.USER : Role.SYSTEM;
    }

    private static double next(@Nullable Double value, double first) {
        return value == null ? first : value + 1e-9;
    }

    private static int next(@Nullable Integer value) {
        return value == null ? 1 : value + 1;
    }

    private static Fingerprint key(EmbeddingRequest request) {
        return EMBEDDINGS.key(request).fingerprint();
    }
}
