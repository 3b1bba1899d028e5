package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

class SimulatedProviderTest extends OverAClient {

    @Test
    void openAiAnswer_hasIdDatedModelUsageAndHeaders() {
        Client.Answer answer = client.ask(Client.OPENAI, Client.openAi("Tell me of ducks."));
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().at("/id").asString()).startsWith("chatcmpl-");
        assertThat(answer.json().at("/model").asString()).isEqualTo("gpt-4o-mini-2024-07-18");
        // "Tell me of ducks." is Tell, me, of, duck, s and a dot, and 4 tokens frame the message
        assertThat(answer.json().at("/usage/prompt_tokens").asInt()).isEqualTo(10);
        assertThat(answer.json().at("/usage/completion_tokens").asInt()).isEqualTo(Tokens.count(answer.text()));
        assertThat(answer.headers().get("x-request-id")).startsWith("req_");
        assertThat(answer.headers().get("openai-processing-ms")).containsOnlyDigits();
        assertThat(answer.headers().get("content-type")).isEqualTo("application/json");
    }

    @Test
    void anthropicAnswer_hasIdDatedModelUsageAndHeaders() {
        Client.Answer answer = client.ask(Client.ANTHROPIC, Client.anthropic("Tell me of ducks."));
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().at("/id").asString()).startsWith("msg_");
        assertThat(answer.json().at("/model").asString()).isEqualTo("claude-sonnet-4-5-20250929");
        assertThat(answer.json().at("/usage/input_tokens").asInt()).isEqualTo(10);
        assertThat(answer.json().at("/stop_reason").asString()).isEqualTo("end_turn");
        assertThat(answer.headers().get("request-id")).startsWith("req_");
    }

    @Test
    void bothWires_giveTheSameText_whateverTheFormOfTheMessages() {
        String plain = client.ask(Client.OPENAI, Client.openAi("List the topics.", "The duck lays an egg."))
                .text();
        String blocks = client.ask(
                        Client.ANTHROPIC,
                        "{\"model\":\"m\",\"max_tokens\":50,\"system\":[{\"type\":\"text\",\"text\":\"List the topics.\"}],"
                                + "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"The duck lays"
                                + " an egg.\",\"cache_control\":{\"type\":\"ephemeral\"}}]}]}")
                .text();
        assertThat(plain).isEqualTo("[\"duck\",\"egg\"]").isEqualTo(blocks);
    }

    @Test
    void answerOverTheTokenLimit_isCutThere_withItsReason() {
        String body = Client.openAi("Tell me of ducks and eggs and farms.");
        String limited = body.replaceFirst("\\{", "{\"max_completion_tokens\":3,");
        Client.Answer answer = client.ask(Client.OPENAI, limited);
        assertThat(answer.json().at("/choices/0/finish_reason").asString()).isEqualTo("length");
        assertThat(answer.json().at("/usage/completion_tokens").asInt()).isEqualTo(3);
        assertThat(Tokens.count(answer.text())).isEqualTo(3);
        Client.Answer message = client.ask(
                Client.ANTHROPIC, Client.anthropic("ducks").replace("\"max_tokens\":100", "\"max_tokens\":2"));
        assertThat(message.json().at("/stop_reason").asString()).isEqualTo("max_tokens");
    }

    @Test
    void missingKey_is401_inTheShapeOfEachWire() {
        Client.Answer openAi =
                client.post(Client.OPENAI, Client.openAi("x"), Map.of()).block(Client.SOON);
        assertThat(openAi.status()).isEqualTo(401);
        assertThat(openAi.json().at("/error/type").asString()).isEqualTo("invalid_request_error");
        Client.Answer anthropic = client.post(
                        Client.ANTHROPIC, Client.anthropic("x"), Map.of("anthropic-version", "2023-06-01"))
                .block(Client.SOON);
        assertThat(anthropic.status()).isEqualTo(401);
        assertThat(anthropic.json().at("/error/type").asString()).isEqualTo("authentication_error");
        assertThat(anthropic.json().at("/request_id").asString())
                .isEqualTo(anthropic.headers().get("request-id"));
    }

    @Test
    void anthropicTakesBothKinds_ofKey() {
        for (Map<String, String> key : List.of(
                Map.of("x-api-key", "k"), Map.of("authorization", "Bearer k"), Map.of("Authorization", "bearer k"))) {
            var headers = new java.util.HashMap<>(key);
            headers.put("anthropic-version", "2023-06-01");
            assertThat(client.post(Client.ANTHROPIC, Client.anthropic("x"), headers)
                            .block(Client.SOON)
                            .status())
                    .isEqualTo(200);
        }
    }

    @Test
    void listedKeysAndModels_areTheOnlyGoodOnes_andTheKeyIsNotRepeated() {
        restart(SimulatedProvider.builder().keys("good").models("gpt-4o-mini"));
        Map<String, String> good = Map.of("authorization", "Bearer good");
        Client.Answer wrong = client.post(Client.OPENAI, Client.openAi("x"), Map.of("authorization", "Bearer s3cret"))
                .block(Client.SOON);
        assertThat(wrong.status()).isEqualTo(401);
        assertThat(wrong.json().at("/error/code").asString()).isEqualTo("invalid_api_key");
        assertThat(wrong.body()).doesNotContain("s3cret");
        assertThat(client.post(Client.OPENAI, Client.openAi("x"), good)
                        .block(Client.SOON)
                        .status())
                .isEqualTo(200);
        Client.Answer unknown = client.post(Client.OPENAI, Client.openAi("x").replace("gpt-4o-mini", "gpt-0"), good)
                .block(Client.SOON);
        assertThat(unknown.status()).isEqualTo(404);
        assertThat(unknown.json().at("/error/code").asString()).isEqualTo("model_not_found");
    }

    @Test
    void keyIsNotNeeded_whereNoneIsRequired() {
        restart(SimulatedProvider.builder().requireKey(false));
        assertThat(client.post(Client.OPENAI, Client.openAi("x"), Map.of())
                        .block(Client.SOON)
                        .status())
                .isEqualTo(200);
    }

    @Test
    void malformedOpenAiRequests_are400_withTheirReason() {
        assertRefused(Client.OPENAI, "{\"model\":", "We could not parse");
        assertRefused(Client.OPENAI, "", "We could not parse");
        assertRefused(Client.OPENAI, "[1]", "We could not parse");
        assertRefused(Client.OPENAI, "{\"messages\":[]}", "you must provide a model parameter");
        assertRefused(Client.OPENAI, "{\"model\":\"m\"}", "Missing required parameter: 'messages'.");
        assertRefused(Client.OPENAI, "{\"model\":\"m\",\"messages\":[]}", "Invalid 'messages': empty array.");
        assertRefused(
                Client.OPENAI,
                "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"n\":129}",
                "expected a value from 1 to 128");
        assertRefused(
                Client.OPENAI,
                "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"n\":0}",
                "expected a value from 1 to 128");
        assertRefused(
                Client.OPENAI,
                "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"top_logprobs\":2}",
                "needs 'logprobs'");
        assertThat(provider.statistics().rejected()).isEqualTo(9);
    }

    @Test
    void malformedAnthropicRequests_are400_withTheirReason() {
        String turn = "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]";
        assertRefused(Client.ANTHROPIC, "nonsense", "not valid JSON");
        assertRefused(Client.ANTHROPIC, "{\"max_tokens\":1," + turn + "}", "model: Field required");
        assertRefused(Client.ANTHROPIC, "{\"model\":\"m\"," + turn + "}", "max_tokens: Field required");
        assertRefused(Client.ANTHROPIC, "{\"model\":\"m\",\"max_tokens\":1}", "messages: Field required");
        assertRefused(
                Client.ANTHROPIC,
                "{\"model\":\"m\",\"max_tokens\":1,\"messages\":[]}",
                "messages: at least one message is required");
        Client.Answer noVersion = client.post(Client.ANTHROPIC, Client.anthropic("x"), Map.of("x-api-key", "k"))
                .block(Client.SOON);
        assertThat(noVersion.status()).isEqualTo(400);
        assertThat(noVersion.body()).contains("anthropic-version: header is required");
    }

    @Test
    void sampling_isRefusedFromTheVersionOnThatForbidsIt() {
        String body = Client.anthropic("x").replaceFirst("\\{", "{\"temperature\":1.0,");
        assertThat(client.ask(Client.ANTHROPIC, body).status()).isEqualTo(200);
        Client.Answer refused = client.post(
                        Client.ANTHROPIC, body, Map.of("x-api-key", "k", "anthropic-version", "2026-10-21"))
                .block(Client.SOON);
        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.json().at("/error/message").asString())
                .isEqualTo("temperature: Extra inputs are not permitted");
    }

    @Test
    void unknownPathAndMethod_areRefused() {
        assertThat(client.ask("/v1/nothing", "{}").status()).isEqualTo(404);
        assertThat(client.ask("/v1/messages/nothing", "{}")
                        .json()
                        .at("/error/type")
                        .asString())
                .isEqualTo("not_found_error");
        assertThat(client.get(Client.OPENAI).block(Client.SOON).status()).isEqualTo(405);
        assertThat(client.ask(Client.OPENAI + "?beta=true", Client.openAi("x")).status())
                .isEqualTo(200);
    }

    @Test
    void occurrences_areCountedPerBody_andEndTheAnswersOnRequest() {
        restart(SimulatedProvider.builder().answerOccurrences(true));
        String prose = Client.openAi("ducks");
        String topics = Client.openAi("List the topics.", "A duck.");
        String category = Client.openAi("Classify it as one of: food, animals.", "A duck.");
        assertThat(client.ask(Client.OPENAI, prose).text()).endsWith(" #1");
        assertThat(client.ask(Client.OPENAI, prose).text()).endsWith(" #2");
        assertThat(client.ask(Client.OPENAI, topics).text()).isEqualTo("[\"duck\",\"#1\"]");
        assertThat(client.ask(Client.OPENAI, category).text())
                .isEqualTo("{\"category\":\"animals\",\"confidence\":0.73,\"occurrence\":1}");
        String digest = provider.requests().get(0).digest();
        assertThat(provider.asked(digest)).isEqualTo(2);
        assertThat(provider.answered(digest)).isEqualTo(2);
        assertThat(provider.statistics().answeredAgain()).isEqualTo(1);
    }

    @Test
    void attemptsThatFailed_areAskedButNotAnswered() {
        restart(SimulatedProvider.builder().answerOccurrences(true));
        String body = Client.openAi("ducks");
        provider.failNext(2, Fault.serverError());
        client.ask(Client.OPENAI, body);
        client.ask(Client.OPENAI, body);
        assertThat(client.ask(Client.OPENAI, body).text()).endsWith(" #1");
        String digest = provider.requests().get(0).digest();
        assertThat(provider.asked(digest)).isEqualTo(3);
        assertThat(provider.answered(digest)).isEqualTo(1);
        assertThat(provider.statistics().answeredAgain()).isZero();
    }

    @Test
    void sameSeedAndRequests_giveTheSameIdsAndTexts() {
        String body = Client.openAi("ducks");
        Client.Answer first = client.ask(Client.OPENAI, body);
        Client.Answer second = client.ask(Client.OPENAI, body);
        assertThat(second.text()).isEqualTo(first.text());
        assertThat(second.json().at("/id")).isNotEqualTo(first.json().at("/id"));
        restart(SimulatedProvider.builder());
        assertThat(client.ask(Client.OPENAI, body).json().at("/id"))
                .isEqualTo(first.json().at("/id"));
        restart(SimulatedProvider.builder().seed(1));
        assertThat(client.ask(Client.OPENAI, body).json().at("/id"))
                .isNotEqualTo(first.json().at("/id"));
    }

    @Test
    void requests_showTheNewest_withHeadersAndBody_butNotInToString() {
        restart(SimulatedProvider.builder().keepRequests(2));
        for (String text : List.of("one", "two", "three")) {
            client.ask(Client.OPENAI, Client.openAi(text));
        }
        List<SimulatedRequest> kept = provider.requests();
        assertThat(kept)
                .extracting(SimulatedRequest::body)
                .containsExactly(Client.openAi("two"), Client.openAi("three"));
        assertThat(kept.get(0).header("Authorization")).contains("Bearer key");
        assertThat(kept.get(0).toString()).doesNotContain("Bearer").doesNotContain("two");
    }

    @Test
    void latency_delaysTheAnswer_andIsReported() {
        restart(SimulatedProvider.builder().latency(Latency.fixed(Duration.ofMillis(120))));
        Client.Answer answer = client.ask(Client.OPENAI, Client.openAi("x"));
        assertThat(Long.parseLong(answer.headers().get("openai-processing-ms"))).isBetween(119L, 59_999L);
    }

    @Test
    void clientThatGoesAway_isCountedAsCancelled_andPaysNothing() {
        restart(SimulatedProvider.builder().latency(Latency.fixed(Duration.ofHours(1))));
        Disposable open = client.post(Client.OPENAI, Client.openAi("x")).subscribe();
        awaitStatistics(s -> s.inFlight() == 1);
        open.dispose();
        awaitStatistics(s -> s.cancelled() == 1 && s.inFlight() == 0);
        assertThat(provider.statistics().answered()).isZero();
    }

    @Test
    void fiveThousandOpenRequests_takeNoMoreThreads_andLeaveNothingBehind() throws IOException {
        restart(SimulatedProvider.builder().latency(Latency.fixed(Duration.ofHours(1))));
        int open = 5_000;
        String body = Client.openAi("x");
        String head = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\ncontent-length: "
                + body.length() + "\r\n\r\n";
        List<SocketChannel> channels = new ArrayList<>();
        try {
            for (int i = 0; i < open; i++) {
                SocketChannel channel = SocketChannel.open(new InetSocketAddress("127.0.0.1", provider.port()));
                channels.add(channel);
                channel.write(ByteBuffer.wrap((head + body).getBytes(StandardCharsets.UTF_8)));
            }
            awaitStatistics(s -> s.inFlight() == open);
            assertThat(threads("headrace-simulator")).hasSize(2);
        } finally {
            for (SocketChannel channel : channels) {
                channel.close();
            }
        }
        awaitStatistics(s -> s.inFlight() == 0);
        assertThat(provider.statistics().cancelled()).isEqualTo(open);
        assertThat(provider.statistics().maxInFlight()).isEqualTo(open);
    }

    @Test
    void close_freesThePortAndEndsTheThreads_alsoWithOpenRequests() throws Exception {
        Set<String> before = threads("headrace-simulator");
        int port;
        try (SimulatedProvider other = SimulatedProvider.builder()
                        .latency(Latency.fixed(Duration.ofHours(1)))
                        .start();
                Client waiting = new Client(other)) {
            port = other.port();
            CompletableFuture<Client.Answer> open =
                    waiting.post(Client.OPENAI, Client.openAi("x")).toFuture();
            await(() -> other.statistics().inFlight() == 1);
            other.close();
            assertThat(open).failsWithin(Client.SOON).withThrowableOfType(ExecutionException.class);
            StepVerifier.create(other.onClose()).expectComplete().verify(Client.SOON);
            assertThat(other.statistics().cancelled()).isEqualTo(1);
        }
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        }
        await(() -> before.containsAll(threads("headrace-simulator")));
    }

    @Test
    void takenPort_failsTheStart_andLeavesNoThread() {
        Set<String> before = threads("headrace-simulator");
        assertThatThrownBy(
                        () -> SimulatedProvider.builder().port(provider.port()).start())
                .hasMessageContaining("ind");
        await(() -> before.containsAll(threads("headrace-simulator")));
    }

    @Test
    void settingsThatExcludeEachOther_areRefusedAtStart() {
        assertThatThrownBy(() -> SimulatedProvider.builder()
                        .countOccurrences(false)
                        .faults(0.1)
                        .start())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("countOccurrences");
    }

    @Test
    void withoutCounts_everyOccurrenceIsTheFirst() {
        restart(SimulatedProvider.builder().countOccurrences(false));
        client.ask(Client.OPENAI, Client.openAi("x"));
        client.ask(Client.OPENAI, Client.openAi("x"));
        assertThat(provider.requests()).extracting(SimulatedRequest::occurrence).containsExactly(1, 1);
        assertThat(provider.asked(provider.requests().get(0).digest())).isZero();
        assertThat(provider.statistics().answered()).isEqualTo(2);
    }

    @Test
    void manyAtOnce_eachGetsTheAnswerToItsOwnRequest() {
        List<String> texts =
                IntStream.range(0, 200).mapToObj(i -> "zebra" + word(i)).toList();
        List<String> wrong = Flux.fromIterable(texts)
                .flatMap(
                        text -> client.post(Client.OPENAI, Client.openAi(text))
                                .map(answer -> text + "|" + answer.text()),
                        50,
                        1)
                .filter(pair -> !pair.endsWith("about " + pair.substring(0, pair.indexOf('|')) + "."))
                .collectList()
                .block(Client.SOON);
        assertThat(wrong).isEmpty();
        assertThat(provider.statistics().answered()).isEqualTo(200);
    }

    private static String word(int i) {
        return Integer.toString(i)
                        .chars()
                        .mapToObj(c -> "" + (char) (c - '0' + 'a'))
                        .collect(Collectors.joining()) + "q";
    }

    private void assertRefused(String path, String body, String reason) {
        Client.Answer answer = client.ask(path, body);
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().at("/error/type").asString()).isEqualTo("invalid_request_error");
        assertThat(answer.json().at("/error/message").asString()).contains(reason);
    }

    private void awaitStatistics(java.util.function.Predicate<SimulatorStatistics> condition) {
        await(() -> condition.test(provider.statistics()));
    }

    static void await(java.util.function.BooleanSupplier condition) {
        Flux.interval(Duration.ofMillis(5))
                .onBackpressureDrop()
                .takeUntil(tick -> condition.getAsBoolean())
                .blockLast(Client.SOON);
    }

    private static Set<String> threads(String prefix) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(Thread::isAlive)
                .map(thread -> thread.getName() + "/" + thread.getId())
                .filter(name -> name.startsWith(prefix))
                .collect(Collectors.toCollection(HashSet::new));
    }
}
