package io.headrace.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Codec;
import io.headrace.ErrorKind;
import io.headrace.Fingerprint;
import io.headrace.ItemNamespaces;
import io.headrace.Namespace;
import io.headrace.Outcome;
import io.headrace.cache.CallKey;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.KeyFunction;
import io.headrace.layer.CallStack;
import io.headrace.layer.FallbackLayer;
import io.headrace.layer.MicroBatcher;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;

/** Parked calls under the layers of a stack that join, repeat or replace calls. */
class ParkedStackTest extends ParkedCalls {

    private static final KeyFunction<String> KEYS =
            request -> new CallKey(new Fingerprint(request.hashCode(), 0, 0, 0), List.of());

    @Test
    void stackInsideAStack_isOneCallOfTheItem() {
        Call<String, String> outer = CallStack.of(call).noAttemptTimeout().build();
        Call<String, String> outermost =
                CallStack.<String, String>of(outer::apply).concurrency(1).build();

        isParked(outcome(value -> outermost.apply("park").onErrorReturn("invented")));
        isParked(outcome(value -> outermost.apply("park later").onErrorReturn("invented")));
        assertThat(asked).hasSize(2); // not tried again
    }

    @Test
    void fallback_isNotAsked() {
        Call<String, String> guarded = CallStack.<String, String>of(this::answer)
                .fallback(FallbackLayer.when(error -> true, request -> Mono.just("invented")))
                .build();
        Call<String, String> inner = CallStack.<String, String>of(this::answer)
                .fallback(Set.of(ErrorKind.REFUSED), call)
                .build();

        isParked(outcome(value -> guarded.apply("park")));
        isParked(outcome(value -> inner.apply("park")));
        assertThat(outcome(value -> guarded.apply("fails"))).isInstanceOf(Outcome.Ok.class);
    }

    @Test
    void fallbackThatIsParked_isOneCallOfTheItem() {
        Call<String, String> parks =
                CallStack.<String, String>of(request -> answer("park")).build();
        Call<String, String> first = CallStack.<String, String>of(request -> answer("fails"))
                .fallback(Set.of(ErrorKind.REFUSED), parks)
                .build();

        isParked(outcome(value -> first.apply("x").onErrorReturn("invented")));
    }

    @Test
    void microBatcher_parksAllItsCallers() {
        Call<String, String> single = CallStack.batched(
                        MicroBatcher.<String, String>builder(request -> parked().then(Mono.empty()))
                                .count(3)
                                .build())
                .build();

        List<Outcome<String>> outcomes = Step.map(
                        "s", (String value) -> single.apply(value).onErrorReturn("invented"))
                .apply(items("a", "b", "c"))
                .collectList()
                .block(SOON);

        assertThat(outcomes).hasSize(3).allSatisfy(ParkedCalls::isParked);
    }

    @Test
    void follower_isParkedWithItsLeader() {
        AtomicInteger asked = new AtomicInteger();
        Call<String, String> shared = cached(request -> {
            asked.incrementAndGet();
            return Mono.delay(Duration.ofMillis(20)).then(parked());
        });

        List<Outcome<String>> outcomes = Step.map(
                        "s", (String value) -> shared.apply(value).onErrorReturn("invented"))
                .apply(items("same", "same", "same"))
                .collectList()
                .block(SOON);

        assertThat(outcomes).hasSize(3).allSatisfy(ParkedCalls::isParked);
        assertThat(asked).hasValue(1);
    }

    /** The first item leads the flight and is cancelled by its function; the second one follows. */
    @Test
    void followerWhoseLeaderLeaves_isOnItsWay() {
        Sinks.Empty<Void> leave = Sinks.empty();
        Sinks.Empty<String> brought = Sinks.empty();
        Call<String, String> shared = cached(request -> brought.asMono().then(parked()));
        List<Outcome<String>> outcomes = new CopyOnWriteArrayList<>();
        Step.map("s", (String value) -> {
                    Mono<String> answer = shared.apply("same").onErrorReturn("invented");
                    return value.equals("leaves")
                            ? answer.takeUntilOther(leave.asMono()).defaultIfEmpty("left")
                            : answer;
                })
                .apply(items("leaves", "stays"))
                .subscribe(outcomes::add);

        leave.tryEmitEmpty();
        assertThat(outcomes).singleElement().isInstanceOf(Outcome.Ok.class);
        brought.tryEmitEmpty();

        assertThat(outcomes).hasSize(2);
        isParked(outcomes.get(1));
    }

    @Test
    void equalCallsOfAnItem_areParkedAsDifferentSamples() {
        List<Integer> samples = new CopyOnWriteArrayList<>();
        Call<String, String> sampled = cached(request -> Mono.deferContextual(context -> {
            Integer replicate = CallOptions.from(context).replicate();
            samples.add(replicate == null ? 0 : replicate);
            return parked();
        }));

        isParked(outcome(value -> Mono.zip(sampled.apply("q"), sampled.apply("q"), String::concat)));

        assertThat(samples).containsExactly(0, 1);
    }

    @Test
    void callOutsideAnyItem_failsAndGivesItsSampleBack() {
        List<Integer> samples = new CopyOnWriteArrayList<>();
        Call<String, String> sampled = cached(request -> Mono.deferContextual(context -> {
            Integer replicate = CallOptions.from(context).replicate();
            samples.add(replicate == null ? 0 : replicate);
            return parked();
        }));
        Namespace mine = ItemNamespaces.of("mine").namespace("x");
        Mono<String> answer = sampled.apply("q")
                .contextWrite(
                        context -> CallOptions.from(context).withNamespace(mine).into(context));

        for (int i = 0; i < 2; i++) {
            StepVerifier.create(answer)
                    .expectErrorSatisfies(
                            error -> assertThat(((ApiException) error).kind()).isEqualTo(ErrorKind.PARKED))
                    .verify(SOON);
        }
        assertThat(samples).containsExactly(0, 0);
    }

    private static Call<String, String> cached(Call<String, String> call) {
        return CallStack.of(call)
                .cache(InMemoryCache.create())
                .key(KEYS)
                .codec(Codec.json(String.class))
                .build();
    }
}
