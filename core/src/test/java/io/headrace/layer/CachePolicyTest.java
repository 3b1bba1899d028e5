package io.headrace.layer;

import static io.headrace.layer.Samples.in;
import static io.headrace.layer.Samples.replicate;
import static io.headrace.layer.Samples.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ApiException;
import io.headrace.CachePolicy;
import io.headrace.Call;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Namespace;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallEvent.CacheHit;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** Each sentence of "Policies". */
class CachePolicyTest {

    /** A clock that stands until it is set. */
    private static final class HandClock extends Clock {

        private Instant now = Instant.parse("2026-11-22T12:00:00Z");

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now;
        }
    }

    private final MapCache cache = new MapCache();
    private final Samples.Counting model = new Samples.Counting();
    private final HandClock clock = new HandClock();
    private final Recorder recorder = new Recorder();
    private final Call<String, String> call = stack().build();

    private CallStack<String, String> stack() {
        return Samples.stack(model, cache).clock(clock).listener(recorder);
    }

    private static <T> void gives(Mono<T> call, T answer) {
        StepVerifier.create(call).expectNext(answer).verifyComplete();
    }

    private static <T> Mono<T> under(CachePolicy policy, Mono<T> call) {
        return with(call, options -> options.withCachePolicy(policy));
    }

    @Test
    void use_readsAndStores() {
        gives(under(CachePolicy.use(), call.apply("q")), "q-1");
        gives(under(CachePolicy.use(), call.apply("q")), "q-1");
    }

    @Test
    void bypass_readsNothingAndStoresNothing() {
        gives(call.apply("q"), "q-1");
        gives(under(CachePolicy.bypass(), call.apply("q")), "q-2");
        gives(under(CachePolicy.bypass(), call.apply("new")), "new-3");
        gives(call.apply("q"), "q-1");
        assertThat(cache.stored("new", 0)).isNull();
    }

    @Test
    void refresh_buysAgainAndReplaces() {
        gives(call.apply("q"), "q-1");
        gives(under(CachePolicy.refresh(), call.apply("q")), "q-2");
        gives(under(CachePolicy.refresh(), call.apply("q")), "q-3");
        gives(call.apply("q"), "q-3");
    }

    @Test
    void readOnly_givesWhatIsStored_andAMissIsAnErrorThatSaysWhatToDo() {
        gives(call.apply("q"), "q-1");
        gives(under(CachePolicy.readOnly(), call.apply("q")), "q-1");
        StepVerifier.create(under(CachePolicy.readOnly(), replicate(3, call.apply("q"))))
                .verifyErrorSatisfies(error -> {
                    ApiException missing = (ApiException) error;
                    assertThat(missing.kind()).isEqualTo(ErrorKind.NOT_CACHED);
                    assertThat(missing.delivery()).isEqualTo(Delivery.NOT_SENT);
                    assertThat(missing.isTransient()).isFalse();
                    assertThat(missing)
                            .hasMessageContaining(
                                    "sample 3 of " + MapCache.KEYS.key("q").fingerprint())
                            .hasMessageContaining("CachePolicy.use() buys it");
                });
        cache.lacksAll = true;
        StepVerifier.create(under(CachePolicy.readOnly(), call.apply("q"))).verifyError(ApiException.class);
        assertThat(model.asked).hasSize(1);
    }

    @Test
    void readOnly_replaysAWholeNamespaceWithoutANetwork() {
        for (int i = 0; i < 3; i++) {
            StepVerifier.create(in(Namespace.of("a"), call.apply("q" + i)))
                    .expectNextCount(1)
                    .verifyComplete();
        }
        Call<String, String> offline = Samples.stack(Samples.thrower(), cache).build();
        for (int i = 0; i < 3; i++) {
            gives(
                    under(CachePolicy.readOnly(), in(Namespace.of("a"), offline.apply("q" + i))),
                    "q" + i + "-" + (i + 1));
        }
    }

    @Test
    void storeThatIsOpenForReading_behavesAsReadOnly() {
        gives(call.apply("q"), "q-1");
        cache.readOnly = true;
        gives(call.apply("q"), "q-1");
        StepVerifier.create(call.apply("new"))
                .verifyErrorSatisfies(error -> assertThat(error)
                        .hasMessageContaining("the cache is open for reading only, open it for writing to buy it"));
        StepVerifier.create(under(CachePolicy.refresh(), call.apply("q"))).verifyError(ApiException.class);
        gives(under(CachePolicy.bypass(), call.apply("new")), "new-2");
    }

    @Test
    void notCached_isNotTriedAgain_andWithdrawsTheSample() {
        Namespace a = Namespace.of("a");
        Call<String, String> retrying = stack().retry(RetrySpec.standard()).build();
        StepVerifier.create(under(CachePolicy.readOnly(), in(a, retrying.apply("q"))))
                .verifyError(ApiException.class);
        assertThat(a.take(MapCache.KEYS.key("q").fingerprint(), 1)).isZero();
        assertThat(recorder.names()).containsExactly("CallEnded");
    }

    @Test
    void timeToLive_isCheckedWhenReading_andIsNoPartOfTheIdentity() {
        Call<String, String> daily = stack().maxAge(Duration.ofDays(1)).build();
        gives(daily.apply("q"), "q-1");
        clock.now = clock.now.plus(Duration.ofDays(1));
        gives(daily.apply("q"), "q-1");
        clock.now = clock.now.plus(Duration.ofMillis(1));
        gives(call.apply("q"), "q-1");
        gives(daily.apply("q"), "q-2");
        gives(call.apply("q"), "q-2");
    }

    @Test
    void ageOfTheCall_overridesTheOneOfTheStack() {
        Call<String, String> daily = stack().maxAge(Duration.ofDays(1)).build();
        gives(daily.apply("q"), "q-1");
        clock.now = clock.now.plus(Duration.ofDays(2));
        gives(under(CachePolicy.use().withMaxAge(Duration.ofDays(3)), daily.apply("q")), "q-1");
        gives(under(CachePolicy.use().withMaxAge(Duration.ofHours(1)), call.apply("q")), "q-2");
        assertThatThrownBy(() -> stack().maxAge(Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void expiredSample_isBoughtAgainAtTheSameIndex() {
        gives(in(Namespace.of("a"), call.apply("q")), "q-1");
        clock.now = clock.now.plus(Duration.ofDays(2));
        CachePolicy fresh = CachePolicy.use().withMaxAge(Duration.ofDays(1));
        gives(under(fresh, in(Namespace.of("b"), call.apply("q"))), "q-2");
        assertThat(cache.stored("q", 0)).isEqualTo("q-2");
        assertThat(cache.entries).hasSize(1);
    }

    @Test
    void storedSince_buysOlderOnesOnce() {
        gives(call.apply("q"), "q-1");
        clock.now = clock.now.plusSeconds(1);
        CachePolicy since = CachePolicy.use().withStoredSince(clock.now);
        gives(under(since, call.apply("q")), "q-2");
        gives(under(since, call.apply("q")), "q-2");
    }

    @Test
    void readOnly_keepsToTheAgeToo() {
        gives(call.apply("q"), "q-1");
        clock.now = clock.now.plus(Duration.ofDays(2));
        StepVerifier.create(under(CachePolicy.readOnly().withMaxAge(Duration.ofDays(1)), call.apply("q")))
                .verifyErrorSatisfies(error -> assertThat(error).hasMessageContaining("or too old"));
    }

    private CallStack<String, String> refusing() {
        return stack().refusal(answer -> answer.equals("no-1"));
    }

    @Test
    void refusals_areStored_butNeverGivenToARetryThatAsksAgainBecauseOfOne() {
        Call<String, String> stack = refusing().build();
        gives(stack.apply("no"), "no-1");
        gives(stack.apply("no"), "no-1");
        gives(under(CachePolicy.use().withRefusals(false), stack.apply("no")), "no-2");
        gives(under(CachePolicy.use().withRefusals(false), stack.apply("no")), "no-2");
        gives(stack.apply("no"), "no-2");
    }

    @Test
    void refusals_areNotStoredWhereTheStackSaysSo() {
        Call<String, String> stack = refusing().storeRefusals(false).build();
        gives(stack.apply("no"), "no-1");
        assertThat(cache.entries).isEmpty();
        gives(stack.apply("no"), "no-2");
        assertThat(cache.stored("no", 0)).isEqualTo("no-2");
    }

    @Test
    void validatorThatChanged_turnsOldAnswersIntoMisses() {
        gives(call.apply("q"), "q-1");
        Call<String, String> stricter = stack().validator(
                        answer -> answer.equals("q-1") ? Optional.of("too short") : Optional.empty())
                .build();
        gives(stricter.apply("q"), "q-2");
        gives(call.apply("q"), "q-2");
    }

    @Test
    void cachedAnswer_reportsItsOriginalUsageAsSaved_andIsCountedInTheStore() {
        gives(call.apply("q"), "q-1");
        recorder.events.clear();
        gives(call.apply("q"), "q-1");
        CacheHit hit = recorder.of(CacheHit.class).get(0);
        assertThat(hit.usage()).isEqualTo(AttemptLayerTest.METER.usage("q-1"));
        assertThat(hit.saved()).isEqualTo(AttemptLayerTest.METER.cost("q-1"));
        assertThat(recorder.events).extracting(CallEvent::getClass).doesNotContain(CallEvent.AttemptEnded.class);
        assertThat(cache.hits).hasValue(1);
    }

    @Test
    void ageBeyondAllTime_isAnyAge() {
        gives(call.apply("q"), "q-1");
        clock.now = clock.now.plus(Duration.ofDays(2));
        gives(under(CachePolicy.use().withMaxAge(Duration.ofSeconds(Long.MAX_VALUE)), call.apply("q")), "q-1");
    }
}
