package io.headrace.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.CachePolicy;
import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Codec;
import io.headrace.ErrorKind;
import io.headrace.Namespace;
import io.headrace.Priority;
import io.headrace.admission.ApiKey;
import io.headrace.admission.BreakerSpec;
import io.headrace.admission.Budget;
import io.headrace.admission.Charge;
import io.headrace.admission.Gate;
import io.headrace.admission.Rate;
import io.headrace.cache.CallKeyBuilder;
import io.headrace.layer.Backoff;
import io.headrace.layer.CallStack;
import io.headrace.layer.RetrySpec;
import io.headrace.model.ChatCall;
import io.headrace.model.ChatMeter;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.Price;
import io.headrace.model.PriceTable;
import io.headrace.observe.Statistics;
import io.headrace.testkit.Fault;
import io.headrace.testkit.ScriptedCall;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** What the guide says of calls, their layers, samples and gates. */
class CallsGuideTest extends Guide {

    @Test
    void theStack_retriesValidatesAndFallsBack() {
        ChatCall model = openAi.chat();
        Call<ChatRequest, ChatResponse> other = CallStack.chat(openAi.chat()).build();

        Call<ChatRequest, ChatResponse> chat = CallStack.chat(model)
                .cache(cache)
                .retry(RetrySpec.standard()
                        .maxElapsed(Duration.ofMinutes(5))
                        .on(ErrorKind.SERVER_ERROR, Backoff.fixed(Duration.ofMillis(100)), 3))
                .attemptTimeout(Duration.ofMinutes(2))
                .validator(
                        answer -> answer.text().startsWith("[") ? Optional.empty() : Optional.of("it is no JSON array"))
                .concurrency(50)
                .fallback(Set.of(ErrorKind.OVERLOADED, ErrorKind.QUOTA_EXHAUSTED), other)
                .build();

        provider.failNext(1, Fault.serverError());
        assertThat(chat.apply(topics(TEXTS.get(0))).map(ChatResponse::text).block())
                .startsWith("[\"court\"");
        provider.failNext(1, Fault.quotaExhausted());
        assertThat(chat.apply(topics(TEXTS.get(1))).map(ChatResponse::text).block())
                .contains("bread");
        assertThat(provider.statistics().requests()).isEqualTo(4);
    }

    @Test
    void anyCall_takesLayers() {
        ScriptedCall<String, String> translate = ScriptedCall.answering(text -> text.toUpperCase(Locale.ROOT));

        Call<String, String> translated = CallStack.of(translate)
                .key(text -> CallKeyBuilder.of("http://10.0.0.7:9000", "translate")
                        .field("text", text)
                        .build())
                .codec(Codec.json(String.class))
                .cache(cache)
                .build();

        assertThat(translated.apply("a").block()).isEqualTo("A");
        assertThat(translated.apply("a").block()).isEqualTo("A");
        assertThat(translate.subscriptions()).isEqualTo(1);
    }

    @Test
    void samples_areReadByNamespace() {
        ChatRequest question = ChatRequest.builder("gpt-4o-mini")
                .user("Name a river.")
                .temperature(1)
                .build();
        Call<ChatRequest, ChatResponse> chat =
                CallStack.chat(openAi.chat()).cache(cache).build();

        Mono<List<ChatResponse>> draws = Flux.range(0, 3)
                .flatMap(i -> chat.apply(question))
                .collectList()
                .contextWrite(context ->
                        CallOptions.NONE.withNamespace(Namespace.of("rivers/1")).into(context)); // samples 0, 1 and 2
        Mono<ChatResponse> five = chat.apply(question.toBuilder().n(5).build()); // 0 to 4: two of them are bought
        Mono<ChatResponse> third = chat.apply(question).contextWrite(CallOptions.NONE.withReplicate(2)::into);
        Mono<ChatResponse> replayed = chat.apply(question)
                .contextWrite(CallOptions.NONE.withCachePolicy(CachePolicy.readOnly())::into); // no network

        for (int process = 0; process < 2; process++) {
            StepVerifier.create(draws)
                    .assertNext(all -> assertThat(all).hasSize(3))
                    .verifyComplete();
            assertThat(provider.statistics().requests()).isEqualTo(process == 0 ? 3 : 4);
            StepVerifier.create(five)
                    .assertNext(answer -> assertThat(answer.choices()).hasSize(5))
                    .verifyComplete();
            assertThat(provider.statistics().requests()).isEqualTo(4);
        }
        StepVerifier.create(replayed).expectNextCount(1).verifyComplete();
    }

    @Test
    void oneGate_holdsForSeveralStacks() {
        Gate account = Gate.builder("openai").concurrency(50).build();
        Call<ChatRequest, ChatResponse> nightly =
                CallStack.chat(openAi.chat()).cache(cache).gate(account).build();
        Call<ChatRequest, ChatResponse> online =
                CallStack.chat(openAi.chat()).gate(account).build();

        StepVerifier.create(Mono.zip(nightly.apply(topics(TEXTS.get(0))), online.apply(topics(TEXTS.get(1)))))
                .expectNextCount(1)
                .verifyComplete();
        assertThat(account.snapshot().inFlight()).isZero();
    }

    @Test
    void knownLimits_keysTenantsAndBudget() {
        String keyA = "a";
        String keyB = "b";
        Gate known = Gate.builder("openai/gpt-4o-mini")
                .rate(Charge.REQUESTS, Rate.perMinute(600).withBurst(60)) // at most 60 at once
                .tokensPerMinute(60_000) // evenly; prompts and the bounds on answers, as OpenAI counts
                .keys(List.of(
                        new ApiKey("team-a", keyA), new ApiKey("team-b", keyB))) // each has these limits for itself
                .tenantWeight("search", 3)
                .build();
        Call<ChatRequest, ChatResponse> online =
                CallStack.chat(openAi.chat()).gate(known).build();

        Mono<ChatResponse> now = online.apply(topics("A question"))
                .contextWrite(CallOptions.NONE
                        .withTenant("search")
                        .withPriority(Priority.INTERACTIVE)
                        .withFailFast(true)::into);
        StepVerifier.create(now).expectNextCount(1).verifyComplete();

        Budget budget = Budget.ofUsd(new BigDecimal("5.00"));
        Mono<ChatResponse> capped = online.apply(topics("A question")).contextWrite(budget::into);
        StepVerifier.create(capped).expectNextCount(1).verifyComplete();
        assertThat(budget.balance().usd().spent()).isPositive();
        assertThat(known.snapshot().inFlight()).isZero();
    }

    @Test
    void outage_pausesAGate() {
        List<String> told = new ArrayList<>();
        Consumer<String> pager = told::add;
        Gate patient = Gate.builder("openai")
                .breaker(BreakerSpec.standard().giveUpAfter(Duration.ofHours(2)))
                .pauseAtStandstill()
                .listener(event -> pager.accept(event.toString()))
                .build();
        patient.resume(); // when the outage is over, or the bill is paid

        Call<ChatRequest, ChatResponse> chat =
                CallStack.chat(openAi.chat()).gate(patient).build();
        StepVerifier.create(chat.apply(topics("A question"))).expectNextCount(1).verifyComplete();
        assertThat(told).isEmpty();
    }

    @Test
    void prices_areOverridden() {
        PriceTable prices = PriceTable.shipped()
                .with("my-model", Price.of(new BigDecimal("0.50"), new BigDecimal("2.00"))); // USD per million tokens
        Call<ChatRequest, ChatResponse> priced =
                CallStack.chat(openAi.chat()).meter(ChatMeter.of(prices)).build();

        Statistics statistics = Statistics.create();
        priced.apply(ChatRequest.builder("my-model").user("Hello").build())
                .contextWrite(statistics::into)
                .block();
        assertThat(statistics.snapshot().cost().isKnown()).isTrue();
        assertThat(statistics.snapshot().cost().usd()).isPositive();
    }
}
