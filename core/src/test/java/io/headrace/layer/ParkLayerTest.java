package io.headrace.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ApiException;
import io.headrace.CachePolicy;
import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Codec;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.Usage;
import io.headrace.admission.Budget;
import io.headrace.admission.Demand;
import io.headrace.batch.BatchQueue;
import io.headrace.batch.ScriptedBatchApi;
import io.headrace.batch.Standing;
import io.headrace.cache.InMemoryCache;
import io.headrace.flow.Step;
import io.headrace.model.ChatCall;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallEvent.AttemptStarted;
import io.headrace.observe.DryRun;
import io.headrace.observe.Meter;
import io.headrace.observe.ScriptedMeter;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

class ParkLayerTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    Path directory;

    private final ScriptedBatchApi api = new ScriptedBatchApi(request -> request + "!");
    private final Script provider = new Script(Mono.just("online"));
    private final InMemoryCache cache = InMemoryCache.create();
    private final List<CallEvent> events = new CopyOnWriteArrayList<>();
    private Cost ceiling = Cost.of(BigDecimal.ONE);
    private BatchQueue queue;
    private Call<String, String> call;

    /** A dollar at most. */
    private final Meter<String, String> meter =
            new ScriptedMeter<>(request -> ceiling, answer -> Usage.ZERO, answer -> Cost.ZERO);

    @BeforeEach
    void open() {
        queue = BatchQueue.open(directory);
        call = stack().batches(queue, api).build();
    }

    @AfterEach
    void close() {
        queue.close();
    }

    private CallStack<String, String> stack() {
        return CallStack.of(provider)
                .key(MapCache.KEYS)
                .codec(Codec.json(String.class))
                .meter(meter)
                .demand(request -> new Demand(10, 10, Cost.UNKNOWN))
                .listener(events::add)
                .cache(cache);
    }

    private void failsAs(ErrorKind kind, Mono<String> answer) {
        StepVerifier.create(answer)
                .expectErrorSatisfies(error -> {
                    assertThat(((ApiException) error).kind()).isEqualTo(kind);
                    assertThat(((ApiException) error).delivery()).isEqualTo(Delivery.NOT_SENT);
                })
                .verify(SOON);
        assertThat(provider.subscribed).hasValue(0);
    }

    private static Mono<String> with(CachePolicy policy, Mono<String> answer) {
        return answer.contextWrite(
                context -> CallOptions.from(context).withCachePolicy(policy).into(context));
    }

    @Test
    void missingAnswer_isLeftToABatch() {
        failsAs(ErrorKind.PARKED, call.apply("a"));
        failsAs(ErrorKind.PARKED, call.apply("a"));

        assertThat(queue.standing(MapCache.KEYS.key("a").fingerprint(), 0).block(SOON))
                .isEqualTo(new Standing.Parked());
        assertThat(queue.outstanding()).isEqualTo(Cost.of(BigDecimal.ONE));
        assertThat(events).noneMatch(AttemptStarted.class::isInstance);
    }

    @Test
    void storedAnswer_needsNoBatch() {
        assertThat(stack().build().apply("a").block(SOON)).isEqualTo("online");
        assertThat(call.apply("a").block(SOON)).isEqualTo("online");
        assertThat(queue.outstanding()).isEqualTo(Cost.ZERO);
    }

    @Test
    void onlineStackOverTheSameCache_asksAtOnce() {
        failsAs(ErrorKind.PARKED, call.apply("a"));
        assertThat(stack().build().apply("a").block(SOON)).isEqualTo("online");
    }

    @Test
    void readOnly_andBypass_parkNothing() {
        failsAs(ErrorKind.NOT_CACHED, with(CachePolicy.readOnly(), call.apply("a")));
        failsAs(ErrorKind.INVALID_REQUEST, with(CachePolicy.bypass(), call.apply("a")));
        assertThat(queue.outstanding()).isEqualTo(Cost.ZERO);
    }

    @Test
    void refresh_parksWhatIsStored() {
        stack().build().apply("a").block(SOON);
        StepVerifier.create(with(CachePolicy.refresh(), call.apply("a")))
                .expectErrorMatches(error -> Parked.of(error) != null)
                .verify(SOON);
    }

    @Test
    void dryRun_parksNothing() {
        DryRun dry = (options, tokens, online, batch) -> {};
        StepVerifier.create(call.apply("a").contextWrite(dry::into))
                .expectErrorMatches(error -> Parked.of(error) != null)
                .verify(SOON);
        assertThat(queue.outstanding()).isEqualTo(Cost.ZERO);
    }

    @Test
    void budget_countsWhatWaits() {
        Budget budget = Budget.ofUsd(new BigDecimal("2.50"));
        failsAs(ErrorKind.PARKED, call.apply("a").contextWrite(budget::into));
        failsAs(ErrorKind.PARKED, call.apply("b").contextWrite(budget::into));
        failsAs(ErrorKind.BUDGET_EXHAUSTED, call.apply("c").contextWrite(budget::into));
        failsAs(ErrorKind.PARKED, call.apply("b").contextWrite(budget::into));

        assertThat(budget.balance().usd().spent()).isEqualByComparingTo("0");
        assertThat(budget.balance().usd().reserved()).isEqualByComparingTo("2");
        assertThat(budget.balance().usd().free()).isEqualByComparingTo("0.5");
    }

    @Test
    void budget_letsOnlineCallsHaveTheRestOnly() {
        Budget budget = Budget.ofUsd(new BigDecimal("2.50"));
        failsAs(ErrorKind.PARKED, call.apply("a").contextWrite(budget::into));
        failsAs(ErrorKind.PARKED, call.apply("b").contextWrite(budget::into));
        failsAs(ErrorKind.BUDGET_EXHAUSTED, stack().build().apply("c").contextWrite(budget::into));
        budget.capUsd(new BigDecimal("3"));
        assertThat(stack().build().apply("c").contextWrite(budget::into).block(SOON))
                .isEqualTo("online");
    }

    @Test
    void budgetThatOthersHold_isWaitedFor() {
        Budget budget = Budget.ofUsd(new BigDecimal("1.50"));
        Demand held = new Demand(0, 0, Cost.of(BigDecimal.ONE));
        budget.hold(held);
        StepVerifier.create(call.apply("a").contextWrite(budget::into))
                .expectSubscription()
                .expectNoEvent(Duration.ofMillis(50))
                .then(() -> budget.settle(held, io.headrace.admission.Settlement.unused()))
                .expectErrorMatches(error -> Parked.of(error) != null)
                .verify(SOON);
        assertThat(budget.balance().usd().reserved()).isEqualByComparingTo("1");
    }

    @Test
    void cancelWhileItWaitsForTheBudget_reservesNothing() {
        Budget budget = Budget.ofUsd(new BigDecimal("1.50"));
        Demand held = new Demand(0, 0, Cost.of(BigDecimal.ONE));
        budget.hold(held);
        call.apply("a").contextWrite(budget::into).subscribe().dispose();
        budget.settle(held, io.headrace.admission.Settlement.unused());

        assertThat(budget.balance().usd().reserved()).isEqualByComparingTo("0");
        assertThat(queue.outstanding()).isEqualTo(Cost.ZERO);
    }

    @Test
    void capOnMoney_refusesACallWithoutABound() {
        ceiling = Cost.UNKNOWN;
        Budget budget = Budget.ofUsd(BigDecimal.TEN);
        failsAs(ErrorKind.BUDGET_EXHAUSTED, call.apply("a").contextWrite(budget::into));
        failsAs(ErrorKind.PARKED, call.apply("a"));
    }

    @Test
    void manyCallsAtOnce_neverOweMoreThanTheBudgetHas() {
        Budget budget = Budget.ofUsd(new BigDecimal("20"));
        List<Outcome<String>> outcomes = Step.map("s", (String value) -> call.apply(value))
                .apply(reactor.core.publisher.Flux.range(0, 200).map(n -> Outcome.ok(Item.of("i" + n, n, "q" + n))))
                .contextWrite(budget::into)
                .collectList()
                .block(SOON);

        assertThat(outcomes.stream().filter(outcome -> ((Outcome.Failed<String>) outcome).kind() == ErrorKind.PARKED))
                .hasSize(20);
        assertThat(queue.outstanding().usd()).isEqualByComparingTo("20");
    }

    @Test
    void stackWithoutACache_isRefused() {
        assertThatThrownBy(() -> CallStack.of(provider).batches(queue, api).build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("batches need a cache(...)");
    }

    @Test
    void batchesOfAnotherProvider_areRefused() {
        ChatCall chat = new ChatCall() {
            @Override
            public String identity() {
                return "here";
            }

            @Override
            public Mono<ChatResponse> apply(ChatRequest request) {
                return Mono.never();
            }
        };
        @SuppressWarnings("unchecked") // never asked
        io.headrace.batch.BatchApi<ChatRequest, ChatResponse> elsewhere =
                (io.headrace.batch.BatchApi<ChatRequest, ChatResponse>) (io.headrace.batch.BatchApi<?, ?>) api;
        assertThatThrownBy(() -> CallStack.chat(chat)
                        .cache(cache)
                        .batches(queue, elsewhere)
                        .build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("'scripted'")
                .hasMessageContaining("'here'");
    }
}
