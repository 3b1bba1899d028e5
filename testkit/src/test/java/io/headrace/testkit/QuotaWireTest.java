package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.testkit.SimulatedQuota.Dimension;
import io.headrace.testkit.SimulatedQuota.Rate;
import io.headrace.testkit.SimulatorChange.KeyState;
import io.netty.handler.codec.http.HttpHeaders;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;

/** Quotas as clients see them: over real connections, but by a clock that the test moves. */
class QuotaWireTest {

    private static final SimulatedQuota UNLIMITED = SimulatedQuota.unlimited();

    private final HandClock clock = new HandClock(Instant.parse("2026-11-22T00:00:00Z"));
    private SimulatedProvider provider;
    private Client client;

    private void start(SimulatedProvider.Builder builder) {
        provider = builder.clock(clock).start();
        client = new Client(provider);
    }

    private void start(SimulatedQuota quota) {
        start(SimulatedProvider.builder().quota(quota));
    }

    @AfterEach
    void close() {
        client.close();
        provider.close();
    }

    /** 4 tokens frame the message, "abc" is one. */
    private static String openAi(int maxTokens) {
        return "{\"model\":\"gpt-4o-mini\",\"max_tokens\":" + maxTokens
                + ",\"messages\":[{\"role\":\"user\",\"content\":\"abc\"}]}";
    }

    private static String anthropic(int maxTokens) {
        return "{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":" + maxTokens
                + ",\"messages\":[{\"role\":\"user\",\"content\":\"abc\"}]}";
    }

    private Client.Answer askAs(String key, String path, String body) {
        return client.post(path, body, Map.of("authorization", "Bearer " + key, "anthropic-version", "2023-06-01"))
                .block(Client.SOON);
    }

    /** Asks, and leaves the answer to itself. */
    private Disposable leave(String path, String body) {
        return client.post(path, body).subscribe(answer -> {}, error -> {});
    }

    @Test
    void openAiAnswers_tellOfRequestsAndTokens() {
        start(UNLIMITED.requestsPerMinute(60).tokensPerMinute(6_000));
        HttpHeaders headers = client.ask(Client.OPENAI, openAi(95)).headers();
        assertThat(headers.get("x-ratelimit-limit-requests")).isEqualTo("60");
        assertThat(headers.get("x-ratelimit-remaining-requests")).isEqualTo("59");
        assertThat(headers.get("x-ratelimit-reset-requests")).isEqualTo("1s");
        assertThat(headers.get("x-ratelimit-limit-tokens")).isEqualTo("6000");
        assertThat(headers.get("x-ratelimit-remaining-tokens")).isEqualTo("5900");
        assertThat(headers.get("x-ratelimit-reset-tokens")).isEqualTo("1s");
        clock.advance(Duration.ofMillis(983));
        assertThat(client.ask(Client.OPENAI, openAi(5_895)).headers().get("x-ratelimit-reset-tokens"))
                .isEqualTo("59.017s");
    }

    @Test
    void openAiRefusal_isInItsWords_withTheDelay() {
        start(UNLIMITED.requestsPerMinute(600).tokensPerMinute(6_000));
        client.ask(Client.OPENAI, openAi(5_895));
        Client.Answer refused = client.ask(Client.OPENAI, openAi(245));
        assertThat(refused.status()).isEqualTo(429);
        assertThat(refused.json().at("/error/type").asString()).isEqualTo("tokens");
        assertThat(refused.json().at("/error/code").asString()).isEqualTo("rate_limit_exceeded");
        assertThat(refused.json().at("/error/message").asString())
                .startsWith("Rate limit reached for gpt-4o-mini in organization org-simulated on tokens per min (TPM):"
                        + " Limit 6000, Used 5900, Requested 250. Please try again in 1.5s. Visit https://");
        assertThat(refused.headers().get("retry-after")).isEqualTo("2");
        assertThat(refused.headers().get("retry-after-ms")).isEqualTo("1500");
        assertThat(refused.headers().get("x-ratelimit-remaining-tokens")).isEqualTo("100");
        assertThat(provider.statistics().faults("over-quota")).isEqualTo(1);
        clock.advance(Duration.ofMillis(1_499));
        assertThat(client.ask(Client.OPENAI, openAi(245)).status()).isEqualTo(429);
        clock.advance(Duration.ofMillis(1));
        assertThat(client.ask(Client.OPENAI, openAi(245)).status()).isEqualTo(200);
    }

    @Test
    void openAiRequestThatNeverFits_isTooLarge_withoutADelay() {
        start(UNLIMITED.tokensPerMinute(1_000));
        Client.Answer refused = client.ask(Client.OPENAI, openAi(1_000));
        assertThat(refused.status()).isEqualTo(429);
        assertThat(refused.json().at("/error/code").asString()).isEqualTo("rate_limit_exceeded");
        assertThat(refused.json().at("/error/message").asString())
                .startsWith("Request too large for gpt-4o-mini in organization org-simulated on tokens per min (TPM):"
                        + " Limit 1000, Requested 1005.");
        assertThat(refused.headers().contains("retry-after")).isFalse();
        assertThat(refused.headers().contains("retry-after-ms")).isFalse();
    }

    @Test
    void anthropicAnswers_tellOfAllFour_inThousands_withTheInstantOfTheLastRefill() {
        start(UNLIMITED
                .requestsPerMinute(50)
                .limit(Dimension.INPUT_TOKENS, Rate.perMinute(30_000))
                .limit(Dimension.OUTPUT_TOKENS, Rate.perMinute(8_000)));
        String streamed = anthropic(4_000).replace("{\"model\"", "{\"stream\":true,\"model\"");
        HttpHeaders headers = client.ask(Client.ANTHROPIC, streamed).headers();
        assertThat(headers.get("anthropic-ratelimit-requests-limit")).isEqualTo("50");
        assertThat(headers.get("anthropic-ratelimit-requests-remaining")).isEqualTo("49");
        assertThat(headers.get("anthropic-ratelimit-requests-reset")).isEqualTo("2026-11-22T00:00:02Z");
        assertThat(headers.get("anthropic-ratelimit-input-tokens-limit")).isEqualTo("30000");
        assertThat(headers.get("anthropic-ratelimit-input-tokens-remaining")).isEqualTo("30000");
        assertThat(headers.get("anthropic-ratelimit-output-tokens-limit")).isEqualTo("8000");
        // the answer was corrected to what it really has
        assertThat(headers.get("anthropic-ratelimit-output-tokens-remaining")).isEqualTo("8000");
        assertThat(headers.get("anthropic-ratelimit-tokens-limit")).isEqualTo("8000");
        assertThat(Instant.parse(headers.get("anthropic-ratelimit-tokens-reset")))
                .isBetween(clock.instant(), clock.instant().plusSeconds(1));
        assertThat(provider.quotaStatistics("key").outputTokens()).isBetween(1L, 50L);
    }

    @Test
    void anthropicRefusal_isInItsWords_withTheDelayInWholeSeconds() {
        start(SimulatedProvider.builder()
                .quota(UNLIMITED.limit(Dimension.OUTPUT_TOKENS, Rate.perMinute(8_000)))
                .latency(Latency.fixed(Duration.ofMinutes(1))));
        Disposable first = leave(Client.ANTHROPIC, anthropic(7_000));
        SimulatedProviderTest.await(() -> provider.statistics().inFlight() == 1
                && provider.quotaStatistics("key").granted() == 1);
        Client.Answer refused = client.ask(Client.ANTHROPIC, anthropic(1_001));
        assertThat(refused.status()).isEqualTo(429);
        assertThat(refused.json().at("/error/type").asString()).isEqualTo("rate_limit_error");
        assertThat(refused.json().at("/error/message").asString()).contains("8,000 output tokens per minute");
        assertThat(refused.headers().get("retry-after")).isEqualTo("1");
        assertThat(refused.headers().contains("retry-after-ms")).isFalse();
        assertThat(refused.headers().get("anthropic-ratelimit-output-tokens-remaining"))
                .isEqualTo("1000");
        first.dispose();
    }

    @Test
    void anthropicCacheReads_areFree_andWritesAreNot() {
        start(UNLIMITED.limit(Dimension.INPUT_TOKENS, Rate.perMinute(1_000_000)));
        String words = "word ".repeat(2_000);
        String body =
                "{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":10,\"system\":[{\"type\":\"text\",\"text\":\"" + words
                        + "\",\"cache_control\":{\"type\":\"ephemeral\"}}],\"messages\":[{\"role\":\"user\",\"content\":\"abc\"}]}";
        client.ask(Client.ANTHROPIC, body);
        assertThat(provider.quotaStatistics("key").inputTokens()).isEqualTo(2_005);
        client.ask(Client.ANTHROPIC, body);
        assertThat(provider.quotaStatistics("key").inputTokens()).isEqualTo(2_010);
    }

    @Test
    void severalChoices_eachCountTheirLimit_andEmbeddingsTheirInput() {
        start(UNLIMITED.tokensPerMinute(1_000));
        client.ask(Client.OPENAI, openAi(20).replace("{\"model\"", "{\"n\":3,\"model\""));
        assertThat(provider.quotaStatistics("key").tokens()).isEqualTo(65);
        client.ask("/v1/embeddings", "{\"model\":\"text-embedding-3-small\",\"input\":[\"abc\",\"abc abc\"]}");
        assertThat(provider.quotaStatistics("key").tokens()).isEqualTo(68);
        client.ask("/v1/responses", "{\"model\":\"gpt-5\",\"max_output_tokens\":30,\"input\":\"abc\"}");
        assertThat(provider.quotaStatistics("key").tokens()).isEqualTo(103);
        client.ask("/v1/responses", "{\"model\":\"gpt-5\",\"input\":\"abc\"}");
        assertThat(provider.quotaStatistics("key").tokens()).isEqualTo(108);
        assertThat(provider.quotaStatistics("key").tokensByModel())
                .containsEntry("gpt-4o-mini", 65L)
                .containsEntry("gpt-5", 40L);
    }

    @Test
    void countingTokensAndModels_areFree() {
        start(UNLIMITED.requestsPerMinute(1));
        client.ask(Client.ANTHROPIC, anthropic(10));
        String count = anthropic(10).replace("\"max_tokens\":10,", "");
        assertThat(client.ask("/v1/messages/count_tokens", count).status()).isEqualTo(200);
        assertThat(client.get("/v1/models", Map.of("authorization", "Bearer key"))
                        .block(Client.SOON)
                        .status())
                .isEqualTo(200);
        assertThat(client.ask(Client.ANTHROPIC, anthropic(10)).status()).isEqualTo(429);
    }

    @Test
    void answersWithoutHeaders_whereTheLimitIsToBeHidden() {
        start(SimulatedProvider.builder().quota(UNLIMITED.requestsPerMinute(1)).limitHeaders(false));
        assertThat(client.ask(Client.OPENAI, openAi(1)).headers().names())
                .noneMatch(name -> name.contains("ratelimit"));
        Client.Answer refused = client.ask(Client.OPENAI, openAi(1));
        assertThat(refused.status()).isEqualTo(429);
        assertThat(refused.headers().names()).noneMatch(name -> name.contains("ratelimit"));
        assertThat(refused.headers().get("retry-after")).isEqualTo("60");
    }

    @Test
    void faultyAnswers_tellOfLimitsToo_andStayCharged() {
        start(UNLIMITED.requestsPerMinute(60).tokensPerMinute(1_000));
        provider.failNext(1, Fault.serverError());
        Client.Answer failed = client.ask(Client.OPENAI, openAi(95));
        assertThat(failed.status()).isEqualTo(500);
        assertThat(failed.headers().get("x-ratelimit-remaining-tokens")).isEqualTo("900");
    }

    @Test
    void concurrency_isHeldToTheEndOfAStream_andFreeWhenTheClientGoes() {
        start(SimulatedProvider.builder().quota(UNLIMITED.maxConcurrent(1)).streamPace(Duration.ofMinutes(1)));
        String streamed = openAi(10).replace("{\"model\"", "{\"stream\":true,\"model\"");
        Disposable first = leave(Client.OPENAI, streamed);
        SimulatedProviderTest.await(() -> provider.quotaStatistics("key").granted() == 1);
        Client.Answer refused = client.ask(Client.OPENAI, openAi(1));
        assertThat(refused.status()).isEqualTo(429);
        assertThat(refused.json().at("/error/message").asString()).contains("on concurrent requests: Limit 1");
        assertThat(refused.headers().contains("retry-after")).isFalse();
        first.dispose();
        SimulatedProviderTest.await(() -> provider.statistics().inFlight() == 0);
        assertThat(client.ask(Client.OPENAI, openAi(1)).status()).isEqualTo(200);
    }

    @Test
    void keys_areRevokedAndExhausted_whileOthersGoOn() {
        start(UNLIMITED);
        provider.play(SimulatorScript.of(SimulatorChange.key("poor", KeyState.EXHAUSTED))
                .after(Duration.ofSeconds(5), SimulatorChange.key("old", KeyState.REVOKED)));
        Client.Answer poor = askAs("poor", Client.OPENAI, openAi(1));
        assertThat(poor.status()).isEqualTo(429);
        assertThat(poor.json().at("/error/code").asString()).isEqualTo("insufficient_quota");
        assertThat(poor.headers().contains("retry-after")).isFalse();
        assertThat(askAs("poor", Client.ANTHROPIC, anthropic(1))
                        .json()
                        .at("/error/details/error_code")
                        .asString())
                .isEqualTo("enforced_spend_limit_reached");
        assertThat(askAs("old", Client.OPENAI, openAi(1)).status()).isEqualTo(200);
        clock.advance(Duration.ofSeconds(5));
        Client.Answer revoked = askAs("old", Client.OPENAI, openAi(1));
        assertThat(revoked.status()).isEqualTo(401);
        assertThat(revoked.json().at("/error/code").asString()).isEqualTo("invalid_api_key");
        assertThat(askAs("new", Client.OPENAI, openAi(1)).status()).isEqualTo(200);
        provider.change(SimulatorChange.key("old", KeyState.GOOD));
        assertThat(askAs("old", Client.OPENAI, openAi(1)).status()).isEqualTo(200);
    }

    @Test
    void storm_answers429ToAll_withItsDelay() {
        start(UNLIMITED);
        provider.change(SimulatorChange.storm(Duration.ofSeconds(60), Duration.ofSeconds(90)));
        Client.Answer refused = client.ask(Client.ANTHROPIC, anthropic(1));
        assertThat(refused.status()).isEqualTo(429);
        assertThat(refused.headers().get("retry-after")).isEqualTo("90");
        assertThat(client.ask(Client.OPENAI, openAi(1)).headers().get("retry-after"))
                .isEqualTo("90");
        assertThat(provider.statistics().faults("storm")).isEqualTo(2);
        clock.advance(Duration.ofSeconds(60));
        assertThat(client.ask(Client.OPENAI, openAi(1)).status()).isEqualTo(200);
    }

    @Test
    void workers_serveSoManyAtOnce_soThatLoadBringsTime() {
        start(SimulatedProvider.builder()
                .latency(Latency.fixed(Duration.ofMillis(40)))
                .script(SimulatorScript.of(SimulatorChange.workers(2))));
        long started = System.nanoTime();
        List<Integer> statuses = Flux.range(0, 8)
                .flatMap(i -> client.post(Client.OPENAI, openAi(1)).map(Client.Answer::status), 8)
                .collectList()
                .block(Client.SOON);
        assertThat(statuses).hasSize(8).containsOnly(200);
        assertThat(Duration.ofNanos(System.nanoTime() - started)).isGreaterThanOrEqualTo(Duration.ofMillis(160));
    }

    @Test
    void waitingClientsThatGo_leaveTheLineOfTheWorkers() {
        AtomicReference<Duration> latency = new AtomicReference<>(Duration.ofMinutes(1));
        start(SimulatedProvider.builder()
                .latency(random -> latency.get())
                .script(SimulatorScript.of(SimulatorChange.workers(1))));
        List<Disposable> leaving = IntStream.range(0, 50)
                .mapToObj(i -> leave(Client.OPENAI, openAi(1)))
                .toList();
        SimulatedProviderTest.await(() -> provider.statistics().inFlight() == 50);
        assertThat(provider.statistics().maxInFlight()).isEqualTo(50);
        leaving.forEach(Disposable::dispose);
        SimulatedProviderTest.await(() -> provider.statistics().inFlight() == 0);
        latency.set(Duration.ZERO);
        assertThat(client.ask(Client.OPENAI, openAi(1)).status()).isEqualTo(200);
        provider.change(SimulatorChange.workers(0));
        assertThat(client.ask(Client.OPENAI, openAi(1)).status()).isEqualTo(200);
    }

    @Test
    void controlPath_playsScripts_andTellsStatistics() {
        start(SimulatedProvider.builder());
        Client.Answer played = client.ask("/simulator/script", """
                [{"quota":{"requests":{"perMinute":60,"burst":1}}},{"afterSeconds":10,"timesQuotas":2}]""");
        assertThat(played.status()).isEqualTo(204);
        assertThat(client.ask(Client.OPENAI, openAi(9)).status()).isEqualTo(200);
        assertThat(client.ask(Client.OPENAI, openAi(9)).status()).isEqualTo(429);
        clock.advance(Duration.ofSeconds(20));
        Client.Answer all = client.get("/simulator/statistics").block(Client.SOON);
        assertThat(all.json().at("/granted").asInt()).isEqualTo(1);
        assertThat(all.json().at("/refused").asInt()).isEqualTo(1);
        assertThat(all.json().at("/outputTokens").asInt()).isEqualTo(9);
        assertThat(all.json().at("/offered/requests").asDouble()).isEqualTo(31);
        assertThat(all.json().at("/offered").has("tokens")).isFalse();
        assertThat(all.json().at("/tokensByModel/gpt-4o-mini").asInt()).isEqualTo(14);
        assertThat(all.json().at("/seconds/0/refusedTokens").asInt()).isEqualTo(14);
        Client.Answer other = client.get("/simulator/statistics", Map.of("authorization", "Bearer other"))
                .block(Client.SOON);
        assertThat(other.json().at("/granted").asInt()).isZero();
        Client.Answer wrong = client.ask("/simulator/script", "[{\"workers\":-2}]");
        assertThat(wrong.status()).isEqualTo(400);
        assertThat(wrong.json().at("/error").asString()).contains("change 1 of the script: workers must be");
        assertThat(client.ask("/simulator/nothing", "").status()).isEqualTo(404);
    }
}
