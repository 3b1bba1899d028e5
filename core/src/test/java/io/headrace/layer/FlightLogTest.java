package io.headrace.layer;

import static io.headrace.layer.Samples.in;
import static io.headrace.layer.Samples.stack;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Fingerprint;
import io.headrace.Namespace;
import io.headrace.Usage;
import io.headrace.admission.Budget;
import io.headrace.admission.Demand;
import io.headrace.cache.ResponseCache;
import io.headrace.observe.AttemptLog;
import io.headrace.observe.CallEvent.AttemptEnded;
import io.headrace.observe.Statistics;
import io.headrace.observe.StatisticsSnapshot;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/** Who pays for a call that several wait for, and who hears of it. */
class FlightLogTest extends FlightCalls {

    /** An attempt log that keeps what it is told. */
    private static final class Log implements AttemptLog {

        final List<String> notes = new CopyOnWriteArrayList<>();

        @Override
        public long started(Fingerprint fingerprint, int sample, Cost reserved) {
            notes.add("started " + sample);
            return notes.size();
        }

        @Override
        public void ended(long attempt, Delivery delivery, Usage usage, Cost cost) {
            notes.add("ended " + delivery + " " + usage.outputTokens());
        }
    }

    @Test
    void followers_paidNothing_andAreCountedAsCached() {
        Statistics leads = Statistics.create();
        Statistics follows = Statistics.create();
        ask(call.apply("q").contextWrite(leads::into));
        ask(call.apply("q").contextWrite(follows::into));
        upstream.answer("yes");
        StatisticsSnapshot paid = leads.snapshot();
        StatisticsSnapshot spared = follows.snapshot();
        assertThat(paid.attempts().sent()).isEqualTo(1);
        assertThat(paid.calls().cached()).isZero();
        assertThat(spared.attempts().sent()).isZero();
        assertThat(spared.calls().cached()).isEqualTo(1);
        assertThat(spared.calls().answered()).isEqualTo(1);
        assertThat(spared.cost()).isEqualTo(Cost.ZERO);
        assertThat(spared.saved()).isEqualTo(paid.cost());
    }

    @Test
    void handOver_movesTheAttemptToTheLogAndTheListenerOfTheFollower() {
        Log leads = new Log();
        Log follows = new Log();
        Recorder first = new Recorder();
        Recorder second = new Recorder();
        Disposable leader = ask(
                in(Namespace.of("a"), call.apply("q")).contextWrite(first::into).contextWrite(leads::into));
        CallOptions mine = CallOptions.of("step", "item").withNamespace(Namespace.of("b"));
        ask(call.apply("q").contextWrite(mine::into).contextWrite(second::into).contextWrite(follows::into));
        leader.dispose();
        assertThat(leads.notes).containsExactly("started 0", "ended NOT_SENT 0");
        assertThat(follows.notes).containsExactly("started 0");
        assertThat(first.names()).containsExactly("AttemptStarted", "AttemptEnded", "CallEnded");
        upstream.answer("yes");
        assertThat(leads.notes).hasSize(2);
        assertThat(follows.notes).containsExactly("started 0", "ended ANSWERED 3");
        assertThat(second.names()).containsExactly("AttemptStarted", "AttemptEnded", "CallEnded");
        assertThat(second.events).allMatch(event -> event.options().item().equals("item"));
        assertThat(second.of(AttemptEnded.class).get(0).cost().usd()).isPositive();
        assertThat(first.of(AttemptEnded.class).get(0).cost()).isEqualTo(Cost.ZERO);
        assertThat(first.events).hasSize(3);
    }

    @Test
    void handOver_fromACallOutsideAnyRun_isNotedInTheRunThatPaysThen() {
        Log follows = new Log();
        Disposable leader = ask();
        ask(call.apply("q").contextWrite(follows::into));
        leader.dispose();
        assertThat(follows.notes).containsExactly("started 0");
        upstream.answer("yes");
        assertThat(follows.notes).containsExactly("started 0", "ended ANSWERED 3");
    }

    @Test
    void handOver_toACallOutsideAnyRun_endsTheAttemptOfTheRun() {
        Log leads = new Log();
        Disposable leader = ask(call.apply("q").contextWrite(leads::into));
        ask();
        leader.dispose();
        upstream.answer("yes");
        assertThat(leads.notes).containsExactly("started 0", "ended NOT_SENT 0");
        assertThat(ends).containsExactly("yes");
    }

    @Test
    void handOver_betweenAttempts_letsTheFollowerHearTheRetries() {
        Script script = new Script(Script.fail(ErrorKind.OVERLOADED), Mono.just("yes"));
        Call<String, String> retrying = stack(script, cache)
                .retry(RetrySpec.fixedDelay(3, Duration.ofMinutes(1)))
                .build();
        Recorder second = new Recorder();
        StepVerifier.withVirtualTime(() -> {
                    Disposable leader = retrying.apply("q").subscribe();
                    Mono<String> follower = retrying.apply("q").contextWrite(second::into);
                    return follower.doOnSubscribe(subscription -> {
                        Schedulers.parallel().schedule(leader::dispose);
                    });
                })
                .thenAwait(Duration.ofMinutes(2))
                .expectNext("yes")
                .verifyComplete();
        assertThat(second.names()).containsExactly("AttemptStarted", "AttemptEnded", "CallEnded");
        assertThat(script.cancelled).hasValue(0);
    }

    @Test
    void failureOfAnExhaustedBudget_isTheLeadersOwn() {
        Budget empty = Budget.ofTokens(1);
        Budget full = Budget.ofTokens(1_000_000);
        Sinks.Empty<Void> found = Sinks.empty();
        ResponseCache slow = slowToRead(found);
        Call<String, String> stack = CallStack.of(upstream)
                .key(MapCache.KEYS)
                .codec(MapCache.CODEC)
                .demand(request -> new Demand(10, 10, Cost.ZERO))
                .noRetry()
                .cache(slow)
                .build();
        ask(stack.apply("q").contextWrite(empty::into));
        ask(stack.apply("q").contextWrite(full::into));
        ask(stack.apply("q").contextWrite(empty::into));
        found.tryEmitEmpty();
        assertThat(ends).hasSize(2).allMatch(end -> end.toString().contains("budget"));
        assertThat(upstream.calls).hasSize(1);
        upstream.answer("yes");
        assertThat(ends).endsWith("yes");
    }
}
