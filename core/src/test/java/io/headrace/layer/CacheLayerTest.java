package io.headrace.layer;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Codec;
import io.headrace.Cost;
import io.headrace.ErrorKind;
import io.headrace.Fingerprint;
import io.headrace.StorageException;
import io.headrace.Usage;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.CallKey;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.ResponseCache;
import io.headrace.observe.CallEvent.CacheHit;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

class CacheLayerTest {

    private static final Instant NOW = Instant.parse("2026-11-22T03:00:00Z");

    private final MapCache cache = new MapCache();
    private final Recorder recorder = new Recorder();

    private CacheLayer.Builder<String, String> layer() {
        return CacheLayer.<String, String>builder(cache, MapCache.KEYS, MapCache.CODEC)
                .meter(AttemptLayerTest.METER)
                .clock(Clock.fixed(NOW, ZoneOffset.UTC));
    }

    private Mono<String> ask(Call<String, String> call) {
        return call.with(layer().build()).apply("q").contextWrite(recorder::into);
    }

    private CacheEntry stored() {
        return cache.entries.get(new MapCache.Place(MapCache.KEYS.key("q").fingerprint(), 0));
    }

    private void store(String answer) {
        CallKey key = MapCache.KEYS.key("q");
        cache.entries.put(
                new MapCache.Place(key.fingerprint(), 0),
                new CacheEntry(
                        MapCache.CODEC.encode(answer), false, Usage.of(3, 4), Cost.ZERO, "m", "", NOW, key.fields()));
    }

    @Test
    void miss_storesBeforeTheCallerSees() {
        StepVerifier.create(ask(new Script(Mono.just("yes")))
                        .doOnNext(answer -> assertThat(stored()).isNotNull()))
                .expectNext("yes")
                .verifyComplete();
        CacheEntry entry = stored();
        assertThat(MapCache.CODEC.decode(entry.answer())).isEqualTo("yes");
        assertThat(entry.usage()).isEqualTo(Usage.of(1, 3));
        assertThat(entry.cost()).isEqualTo(Cost.of(new BigDecimal("0.01")));
        assertThat(entry.model()).isEqualTo("m");
        assertThat(entry.storedAt()).isEqualTo(NOW);
        assertThat(entry.fields()).isEqualTo(MapCache.KEYS.key("q").fields());
        assertThat(entry.truncated()).isFalse();
        assertThat(recorder.events).isEmpty();
    }

    @Test
    void hit_isToldAndGoesNoFurther() {
        store("kept");
        Call<String, String> untouched = request -> {
            throw new AssertionError("a hit must not even put the call together");
        };
        StepVerifier.create(ask(untouched)).expectNext("kept").verifyComplete();
        assertThat(recorder.events).containsExactly(new CacheHit(CallOptions.NONE, Usage.of(3, 4), Cost.ZERO));
    }

    @Test
    void secondSubscription_hits() {
        Script script = new Script(Mono.just("first"), Mono.just("second"));
        Mono<String> mono = ask(script);
        StepVerifier.create(mono).expectNext("first").verifyComplete();
        StepVerifier.create(mono).expectNext("first").verifyComplete();
        assertThat(script.subscribed).hasValue(1);
    }

    @Test
    void errorAndEmpty_areNotStored() {
        StepVerifier.create(ask(new Script(Script.fail(ErrorKind.TIMEOUT)))).verifyErrorMessage("scripted timeout");
        StepVerifier.create(ask(new Script(Mono.empty()))).verifyComplete();
        assertThat(cache.entries).isEmpty();
    }

    @Test
    void answerThatIsNotStorable_isEmittedAndNotKept() {
        Call<String, String> call =
                new Script(Mono.just("cut")).with(layer().storable(a -> false).build());
        StepVerifier.create(call.apply("q")).expectNext("cut").verifyComplete();
        assertThat(cache.entries).isEmpty();
    }

    @Test
    void truncatedAnswer_isFlagged() {
        Call<String, String> call =
                new Script(Mono.just("cut")).with(layer().truncated(a -> true).build());
        StepVerifier.create(call.apply("q")).expectNext("cut").verifyComplete();
        assertThat(stored().truncated()).isTrue();
    }

    @Test
    void storedAnswerThatFailsTheValidator_isBoughtAgainAndReplaced() {
        store("old");
        Call<String, String> call = new Script(Mono.just("new"))
                .with(layer().validator(a -> a.equals("old") ? Optional.of("outdated") : Optional.empty())
                        .build());
        StepVerifier.create(call.apply("q").contextWrite(recorder::into))
                .expectNext("new")
                .verifyComplete();
        assertThat(MapCache.CODEC.decode(stored().answer())).isEqualTo("new");
        assertThat(recorder.events).isEmpty();
    }

    @Test
    void validatorThatCannotJudge_buysNothing() {
        store("old");
        Script script = new Script(Mono.just("new"));
        Call<String, String> call = script.with(layer().validator(a -> {
                    throw new NoClassDefFoundError("org/example/Gone");
                })
                .build());
        StepVerifier.create(call.apply("q"))
                .verifyErrorMessage("the validator failed: java.lang.NoClassDefFoundError: org/example/Gone");
        assertThat(script.subscribed).hasValue(0);
    }

    @Test
    void codecThatMissesAClass_leavesTheAnswer_onAnyThread() {
        Codec<String> broken = new Codec<>() {
            @Override
            public byte[] encode(String value) {
                throw new NoClassDefFoundError("org/example/Gone");
            }

            @Override
            public String decode(byte[] bytes) {
                return "";
            }
        };
        Call<String, String> call = new Script(Mono.just("new").delayElement(Duration.ofMillis(1)))
                .with(CacheLayer.<String, String>builder(cache, MapCache.KEYS, broken)
                        .build());
        StepVerifier.create(call.apply("q")).expectNext("new").expectComplete().verify(Duration.ofSeconds(20));
    }

    @Test
    void storeThatReturnsNull_isNamed() {
        ResponseCache careless = new ResponseCache() {
            @Override
            public Mono<CacheEntry> get(Fingerprint fingerprint, int sample) {
                return null;
            }

            @Override
            public Mono<Void> put(Fingerprint fingerprint, int sample, CacheEntry entry) {
                return null;
            }

            @Override
            public Mono<Void> clear() {
                return Mono.empty();
            }

            @Override
            public void close() {}
        };
        Call<String, String> call = new Script(Mono.just("new"))
                .with(CacheLayer.<String, String>builder(careless, MapCache.KEYS, MapCache.CODEC)
                        .build());
        StepVerifier.create(call.apply("q"))
                .verifyErrorSatisfies(e -> assertThat(e)
                        .isInstanceOf(StorageException.class)
                        .hasMessageContaining(
                                careless.getClass().getName() + ".put returned null, it must return a Mono"));
    }

    @Test
    void validatorThatThrowsOnAStoredAnswer_isAMiss() {
        store("old");
        Call<String, String> call = new Script(Mono.just("new"))
                .with(layer().validator(a -> {
                            throw new IllegalStateException("broken validator");
                        })
                        .build());
        StepVerifier.create(call.apply("q")).expectNext("new").verifyComplete();
    }

    @Test
    void storedAnswerThatCannotBeRead_isBoughtAgainAndReplaced() {
        store("");
        StepVerifier.create(ask(new Script(Mono.just("new")))).expectNext("new").verifyComplete();
        assertThat(MapCache.CODEC.decode(stored().answer())).isEqualTo("new");
        assertThat(recorder.events).isEmpty();
    }

    @Test
    void failingRead_isAMiss() {
        store("kept");
        cache.failingReads.set(1);
        StepVerifier.create(ask(new Script(Mono.just("new")))).expectNext("new").verifyComplete();
    }

    /** What closed stores do, see {@link ResponseCache#close}. */
    @Test
    void callOnAClosedStore_failsBeforeItIsPaid() {
        InMemoryCache memory = InMemoryCache.create();
        memory.close();
        Script script = new Script(Mono.just("new"));
        Call<String, String> call =
                script.with(CacheLayer.<String, String>builder(memory, MapCache.KEYS, MapCache.CODEC)
                        .build());
        StepVerifier.create(call.apply("q"))
                .verifyErrorSatisfies(e ->
                        assertThat(e).isInstanceOf(StorageException.class).hasRootCauseMessage("the cache is closed"));
        assertThat(script.subscribed).hasValue(0);
    }

    @Test
    void storeThatThrowsOnRead_isAMiss() {
        ResponseCache throwing = new ResponseCache() {
            @Override
            public Mono<CacheEntry> get(Fingerprint fingerprint, int sample) {
                throw new UnsupportedOperationException("reads");
            }

            @Override
            public Mono<Void> put(Fingerprint fingerprint, int sample, CacheEntry entry) {
                throw new UnsupportedOperationException("writes");
            }

            @Override
            public Mono<Void> clear() {
                return Mono.empty();
            }

            @Override
            public void close() {}
        };
        Call<String, String> call = new Script(Mono.just("new"))
                .with(CacheLayer.<String, String>builder(throwing, MapCache.KEYS, MapCache.CODEC)
                        .build());
        StepVerifier.create(call.apply("q"))
                .verifyErrorSatisfies(
                        e -> assertThat(e).isInstanceOf(StorageException.class).hasRootCauseMessage("writes"));
    }

    @Test
    void failingWrite_isTriedOnceMore() {
        cache.failingWrites.set(1);
        StepVerifier.create(ask(new Script(Mono.just("yes")))).expectNext("yes").verifyComplete();
        assertThat(stored()).isNotNull();
    }

    @Test
    void brokenWrite_failsTheCallAndDoesNotBuyAgain() {
        cache.failingWrites.set(2);
        Script script = new Script(Mono.just("yes"));
        StepVerifier.create(ask(script))
                .verifyErrorSatisfies(e -> assertThat(e)
                        .isInstanceOf(StorageException.class)
                        .hasMessageContaining("cannot be stored")
                        .hasRootCauseMessage("cannot write"));
        assertThat(script.subscribed).hasValue(1);
    }

    @Test
    void storeThatCannotBeUsedAtAll_failsTheCallBeforeAnythingIsPaid() {
        cache.unusable.set(new StorageException("the cache cannot be opened", null));
        Script script = new Script(Mono.just("yes"));
        StepVerifier.create(ask(script)).verifyErrorMessage("the cache cannot be opened");
        assertThat(script.subscribed).hasValue(0);
    }

    @Test
    void answerThatTheCodecCannotWrite_isUsedAndBoughtAgain() {
        Codec<String> choosy = new Codec<>() {
            @Override
            public byte[] encode(String value) {
                throw new IllegalArgumentException("cannot write the field 'score'");
            }

            @Override
            public String decode(byte[] bytes) {
                return MapCache.CODEC.decode(bytes);
            }
        };
        CacheLayer<String, String> layer =
                CacheLayer.<String, String>builder(cache, MapCache.KEYS, choosy).build();
        Script script = new Script(Mono.just("yes"));
        StepVerifier.create(script.with(layer).apply("q")).expectNext("yes").verifyComplete();
        StepVerifier.create(script.with(layer).apply("q")).expectNext("yes").verifyComplete();
        assertThat(script.subscribed).hasValue(2);
        assertThat(cache.entries).isEmpty();
    }

    @Test
    void storeThatSurelyLacksIt_isNotAskedFor_andTheAnswerIsStored() {
        store("old");
        cache.lacksAll = true;
        StepVerifier.create(ask(new Script(Mono.just("new")))).expectNext("new").verifyComplete();
        cache.lacksAll = false;
        StepVerifier.create(ask(new Script())).expectNext("new").verifyComplete();
    }

    @Test
    void storeThatKeepsAtOnce_isNotAskedToPut_andOneThatFailsToIs() {
        cache.failingWrites.set(Integer.MAX_VALUE);
        cache.keepsAtOnce = true;
        StepVerifier.create(ask(new Script(Mono.just("new")))).expectNext("new").verifyComplete();
        StepVerifier.create(ask(new Script())).expectNext("new").verifyComplete();
        cache.keepsAtOnce = false;
        StepVerifier.create(
                        layer().build().around(request -> Mono.just("other")).apply("other request"))
                .verifyError(StorageException.class);
    }

    @Test
    void cancel_reachesTheCall() {
        Script never = new Script(Mono.never());
        StepVerifier.withVirtualTime(() -> ask(never))
                .thenAwait(java.time.Duration.ofSeconds(1))
                .thenCancel()
                .verify();
        assertThat(never.cancelled).hasValue(1);
        assertThat(cache.entries).isEmpty();
    }

    @Test
    void onErrorContinueBelow_losesNothing() {
        store("");
        StepVerifier.create(Flux.just(1)
                        .concatMap(n -> ask(new Script(Mono.just("new"))))
                        .onErrorContinue((e, v) -> {}))
                .expectNext("new")
                .verifyComplete();
    }

    @Test
    void brokenListener_changesNothing() {
        store("kept");
        StepVerifier.create(new Script(Mono.just("new"))
                        .with(layer().build())
                        .apply("q")
                        .contextWrite(Recorder.broken()::into))
                .expectNext("kept")
                .verifyComplete();
    }
}
