package io.headrace.provider;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.admission.ApiKey;
import io.headrace.admission.Grant;
import io.headrace.admission.ServerLimits;
import io.headrace.admission.ServerLimits.Allowance;
import io.headrace.model.ChatCall;
import io.headrace.model.ChatDelta;
import io.headrace.model.ChatRequest;
import io.headrace.model.DeltaSink;
import io.headrace.provider.anthropic.Anthropic;
import io.headrace.provider.openai.OpenAi;
import io.headrace.testkit.Fault;
import io.headrace.testkit.SimulatedProvider;
import io.headrace.testkit.SimulatedQuota;
import io.headrace.testkit.SimulatedQuota.Dimension;
import io.headrace.testkit.SimulatedQuota.Rate;
import io.headrace.testkit.SimulatorChange;
import io.headrace.testkit.SimulatorChange.KeyState;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** What the providers' clients make of the grant in a call's context. */
class GrantTest {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final SimulatedQuota UNLIMITED = SimulatedQuota.unlimited();

    /** It stands still, so that what is left is left exactly. */
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-11-22T00:00:00Z"), ZoneOffset.UTC);

    private final List<AutoCloseable> resources = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        Collections.reverse(resources);
        for (AutoCloseable resource : resources) {
            resource.close();
        }
    }

    private SimulatedProvider start(SimulatedProvider.Builder builder) {
        SimulatedProvider provider = builder.clock(CLOCK).start();
        resources.add(provider);
        return provider;
    }

    private ChatCall openAi(SimulatedProvider provider) {
        OpenAi client = OpenAi.builder()
                .baseUrl(provider.baseUrl() + "/v1")
                .clock(CLOCK)
                .apiKey("sk-own")
                .build();
        resources.add(client);
        return client.chat();
    }

    private ChatCall anthropic(SimulatedProvider provider) {
        Anthropic client = Anthropic.builder()
                .baseUrl(provider.baseUrl())
                .clock(CLOCK)
                .apiKey("sk-own")
                .build();
        resources.add(client);
        return client.chat();
    }

    private static ChatRequest request(int maxTokens) {
        return ChatRequest.builder("m").user("abc").maxOutputTokens(maxTokens).build();
    }

    private static <T> T ask(Mono<T> call, Told grant) {
        T answer = call.contextWrite(grant::into).block(SOON);
        assertThat(answer).isNotNull();
        return answer;
    }

    private static ApiException fail(ChatCall call, Told grant) {
        try {
            call.apply(request(10)).contextWrite(grant::into).block(SOON);
        } catch (ApiException e) {
            return e;
        }
        throw new AssertionError("the call succeeded");
    }

    /** Takes every delta at once. */
    private static DeltaSink sink(Runnable onDelta) {
        return new DeltaSink() {

            private volatile boolean delivered;

            @Override
            public Mono<Void> emit(ChatDelta delta) {
                delivered = true;
                return Mono.fromRunnable(onDelta);
            }

            @Override
            public boolean delivered() {
                return delivered;
            }
        };
    }

    /** Remembers what it was told. */
    private static final class Told implements Grant {

        private final List<ServerLimits> limits = Collections.synchronizedList(new ArrayList<>());
        private final @Nullable ApiKey key;

        private Told() {
            this.key = null;
        }

        private Told(String key) {
            this.key = new ApiKey("second", key);
        }

        @Override
        public @Nullable ApiKey key() {
            return key;
        }

        @Override
        public void observed(ServerLimits observed) {
            limits.add(observed);
        }
    }

    @Test
    void openAiLimits_areTold_onAnswersRefusalsAndErrors() {
        SimulatedProvider provider = start(SimulatedProvider.builder()
                .quota(UNLIMITED.requestsPerMinute(60).tokensPerMinute(100)));
        ChatCall chat = openAi(provider);
        Told told = new Told();
        ask(chat.apply(request(10)), told);
        assertThat(told.limits)
                .containsExactly(new ServerLimits(
                        new Allowance(60, MINUTE, 59, Duration.ofSeconds(1)),
                        new Allowance(100, MINUTE, 85, Duration.ofSeconds(9)),
                        null,
                        null));
        provider.failNext(1, Fault.serverError());
        fail(chat, told);
        assertThat(told.limits).hasSize(2);
        ask(chat.apply(request(60)), told);
        ApiException refused = fail(chat, told);
        assertThat(refused.kind()).isEqualTo(ErrorKind.RATE_LIMITED);
        assertThat(refused.retryAfter()).hasValue(Duration.ofSeconds(6));
        assertThat(told.limits).hasSize(4);
        assertThat(told.limits.get(3).tokens()).isEqualTo(new Allowance(100, MINUTE, 5, Duration.ofSeconds(57)));
    }

    @Test
    void anthropicLimits_areTold() {
        SimulatedProvider provider = start(SimulatedProvider.builder()
                .quota(UNLIMITED
                        .requestsPerMinute(60)
                        .limit(Dimension.INPUT_TOKENS, Rate.perMinute(50_000))
                        .limit(Dimension.OUTPUT_TOKENS, Rate.perMinute(8_000))));
        Told told = new Told();
        ask(anthropic(provider).apply(request(10)), told);
        assertThat(told.limits).hasSize(1);
        ServerLimits limits = told.limits.get(0);
        assertThat(limits.requests()).isEqualTo(new Allowance(60, MINUTE, 59, Duration.ofSeconds(1)));
        assertThat(limits.tokens()).isNull();
        assertThat(limits.inputTokens()).isEqualTo(new Allowance(50_000, MINUTE, 50_000, Duration.ofSeconds(1)));
        assertThat(limits.outputTokens()).isEqualTo(new Allowance(8_000, MINUTE, 8_000, Duration.ofSeconds(1)));
    }

    @Test
    void streams_tellBeforeTheirFirstDelta() {
        SimulatedProvider provider = start(SimulatedProvider.builder().quota(UNLIMITED.requestsPerMinute(60)));
        for (ChatCall chat : List.of(openAi(provider), anthropic(provider))) {
            Told told = new Told();
            List<Integer> toldByThen = Collections.synchronizedList(new ArrayList<>());
            DeltaSink sink = sink(() -> toldByThen.add(told.limits.size()));
            ask(chat.apply(request(10)).contextWrite(sink::into), told);
            assertThat(toldByThen).isNotEmpty().containsOnly(1);
        }
    }

    @Test
    void answersThatSayNothing_tellNothing() {
        SimulatedProvider provider = start(SimulatedProvider.builder());
        Told told = new Told();
        ask(openAi(provider).apply(request(10)), told);
        assertThat(told.limits).isEmpty();
    }

    @Test
    void keyOfTheCall_goesBeforeTheProvidersOwn_onBothWires_andOnStreams() {
        SimulatedProvider provider = start(SimulatedProvider.builder().quota(UNLIMITED));
        for (ChatCall chat : List.of(openAi(provider), anthropic(provider))) {
            ask(chat.apply(request(10)), new Told("sk-second"));
            ask(chat.apply(request(10)).contextWrite(sink(() -> {})::into), new Told("sk-second"));
            ask(chat.apply(request(10)), new Told());
        }
        assertThat(provider.quotaStatistics("sk-second").granted()).isEqualTo(4);
        assertThat(provider.quotaStatistics("sk-own").granted()).isEqualTo(2);
        assertThat(provider.requests().get(0).header("authorization")).hasValue("Bearer sk-second");
        assertThat(provider.requests().get(3).header("x-api-key")).hasValue("sk-second");
        assertThat(provider.requests().get(3).header("authorization")).isEmpty();
        // connections are for all keys
        assertThat(provider.connections().opened()).isLessThan(6);
    }

    @Test
    void bearerTokens_ofAnthropic_comeWithTheCallToo() {
        SimulatedProvider provider = start(SimulatedProvider.builder().quota(UNLIMITED));
        try (Anthropic client = Anthropic.builder()
                .baseUrl(provider.baseUrl())
                .bearer()
                .keyPerCall()
                .build()) {
            ask(client.chat().apply(request(10)), new Told("sk-second"));
        }
        assertThat(provider.requests().get(0).header("authorization")).hasValue("Bearer sk-second");
    }

    @Test
    void callWithoutAKey_isNotSent_whereEachIsToBringItsOwn() {
        SimulatedProvider provider = start(SimulatedProvider.builder());
        try (OpenAi client = OpenAi.builder()
                .baseUrl(provider.baseUrl() + "/v1")
                .keyPerCall()
                .build()) {
            StepVerifier.create(client.chat().apply(request(10)))
                    .expectErrorSatisfies(error -> {
                        ApiException failure = (ApiException) error;
                        assertThat(failure.kind()).isEqualTo(ErrorKind.AUTHENTICATION);
                        assertThat(failure.delivery()).isEqualTo(Delivery.NOT_SENT);
                        assertThat(failure).hasMessageContaining("no key came with the call");
                    })
                    .verify(SOON);
        }
        assertThat(provider.statistics().requests()).isZero();
    }

    @Test
    void ownHosts_needAKey_unlessEachCallBringsOne() {
        assertThatThrownBy(() -> OpenAi.builder().build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("keyPerCall");
        OpenAi.builder().keyPerCall().build().close();
        Anthropic.builder().keyPerCall().build().close();
    }

    @Test
    void keyThatCannotBeSent_failsItsCall_andIsNotShown() {
        SimulatedProvider provider = start(SimulatedProvider.builder());
        ApiException failure = fail(openAi(provider), new Told("sk-with\nnewline"));
        assertThat(failure.kind()).isEqualTo(ErrorKind.AUTHENTICATION);
        assertThat(failure.delivery()).isEqualTo(Delivery.NOT_SENT);
        assertThat(failure).hasMessageContaining("second").hasMessageNotContaining("newline");
    }

    @Test
    void keyOfTheCall_isStruckFromTheServersWords() {
        SimulatedProvider provider = start(SimulatedProvider.builder());
        provider.failNext(
                1, Fault.answer(401, Map.of(), "{\"error\":{\"message\":\"Incorrect key sk-second provided\"}}"));
        ApiException failure = fail(openAi(provider), new Told("sk-second"));
        assertThat(failure.kind()).isEqualTo(ErrorKind.AUTHENTICATION);
        assertThat(failure).hasMessageContaining("Incorrect key [key] provided").hasMessageNotContaining("sk-second");
    }

    @Test
    void keyOfTheCall_isStruckFromWhatTheServerReflects() {
        SimulatedProvider provider = start(SimulatedProvider.builder());
        ChatCall chat = openAi(provider);
        Map<String, String> reflecting = Map.of("x-request-id", "req-sk-second", "content-type", "sk-second");
        provider.failNext(1, Fault.answer(200, reflecting, "{\"cut"));
        ApiException cut = fail(chat, new Told("sk-second"));
        assertThat(cut.requestId()).hasValue("req-[key]");
        assertThat(cut).hasMessageContaining("[key]").hasMessageNotContaining("sk-second");
    }

    @Test
    void errorsAboutTheKey_haveTheirKinds_onBothWires() {
        SimulatedProvider provider = start(SimulatedProvider.builder());
        provider.change(
                SimulatorChange.key("sk-old", KeyState.REVOKED), SimulatorChange.key("sk-poor", KeyState.EXHAUSTED));
        for (ChatCall chat : List.of(openAi(provider), anthropic(provider))) {
            assertThat(fail(chat, new Told("sk-old")).kind()).isEqualTo(ErrorKind.AUTHENTICATION);
            ApiException poor = fail(chat, new Told("sk-poor"));
            assertThat(poor.kind()).isEqualTo(ErrorKind.QUOTA_EXHAUSTED);
            assertThat(poor.isTransient()).isFalse();
            ask(chat.apply(request(10)), new Told("sk-good"));
        }
    }

    @Test
    void requestThatNeverFits_isInvalid() {
        SimulatedProvider provider = start(SimulatedProvider.builder().quota(UNLIMITED.tokensPerMinute(10)));
        ApiException failure = fail(openAi(provider), new Told());
        assertThat(failure.kind()).isEqualTo(ErrorKind.INVALID_REQUEST);
        assertThat(failure.isTransient()).isFalse();
    }
}
