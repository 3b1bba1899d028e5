package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.headrace.Cost;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.CallKey.FieldDigest;
import io.headrace.cache.ResponseCache;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/**
 * What every {@link ResponseCache} promises. Extend it in the tests of a store; the store must hold at least 16 MB.
 *
 * <p>Not thread-safe, as JUnit uses it.
 */
public abstract class ResponseCacheContract extends CacheUpkeepContract {

    @Test
    void absentAnswer_isEmpty() {
        StepVerifier.create(cache.get(KEY, 0)).expectComplete().verify(TIMEOUT);
    }

    @Test
    void storedAnswer_isReadAsItWas() {
        CacheEntry entry = new CacheEntry(
                "{\"text\":\"\u00e4 \ud83d\ude00\"}".getBytes(StandardCharsets.UTF_8),
                true,
                new Usage(Long.MAX_VALUE, 2, 3, 4, 5, 6, 7),
                new Cost(new BigDecimal("0.000000123456789012345678901234567890"), 7),
                "gpt-4o-mini-2024-07-18",
                "",
                Instant.ofEpochMilli(1_790_000_000_123L),
                List.of(new FieldDigest("messages", -1), new FieldDigest("\u00e4", Long.MIN_VALUE)));
        put(KEY, 3, entry);
        assertStored(KEY, 3, entry);
        assertStored(KEY, 3, entry);
    }

    @Test
    void emptyAnswer_isAnAnswer() {
        CacheEntry entry =
                new CacheEntry(new byte[0], false, Usage.UNKNOWN, Cost.UNKNOWN, "", "", Instant.EPOCH, List.of());
        put(KEY, 0, entry);
        assertStored(KEY, 0, entry);
    }

    @Test
    void answerOfOneMegabyte_isReadAsItWas() {
        byte[] answer = new byte[1 << 20];
        new Random(1).nextBytes(answer);
        CacheEntry entry = entry(answer);
        put(KEY, 0, entry);
        assertStored(KEY, 0, entry);
    }

    @Test
    void secondPut_replacesTheFirst() {
        put(KEY, 0, entry("first, and longer"));
        put(KEY, 0, entry("second"));
        assertStored(KEY, 0, entry("second"));
    }

    @Test
    void whatIsDoneAtOnce_isTrue() {
        for (int i = 0; i < 1_000; i++) {
            CacheEntry entry = entry("answer " + i);
            if (!cache.putAtOnce(key(i), 0, entry)) {
                put(key(i), 0, entry);
            }
            assertThat(cache.surelyLacks(key(i), 0)).isFalse();
            assertStored(key(i), 0, entry);
        }
        cache.close();
        assertThat(cache.surelyLacks(key(-1), 0)).isFalse();
    }

    @Test
    void samples_areKeptApart() {
        int[] samples = {0, 1, 2, 255, 256, 65_536, Integer.MAX_VALUE};
        for (int sample : samples) {
            put(KEY, sample, entry("sample " + sample));
        }
        for (int sample : samples) {
            assertStored(KEY, sample, entry("sample " + sample));
        }
        assertAbsent(KEY, 3);
    }

    @Test
    void fingerprints_areKeptApartByEveryPart() {
        List<Fingerprint> keys = List.of(
                KEY,
                new Fingerprint(9, 2, 3, 4),
                new Fingerprint(1, 9, 3, 4),
                new Fingerprint(1, 2, 9, 4),
                new Fingerprint(1, 2, 3, 9),
                new Fingerprint(-1, -1, -1, -1),
                new Fingerprint(0, 0, 0, 0));
        for (Fingerprint key : keys) {
            put(key, 0, entry(key.toString()));
        }
        for (Fingerprint key : keys) {
            assertStored(key, 0, entry(key.toString()));
        }
        assertAbsent(new Fingerprint(4, 3, 2, 1), 0);
    }

    @Test
    void nothingHappensBeforeTheSubscription_andEachSubscriptionAsksAnew() {
        Mono<CacheEntry> get = cache.get(KEY, 0);
        Mono<Void> put = cache.put(KEY, 0, entry("a"));
        Mono<Void> clear = cache.clear();
        assertAbsent(KEY, 0);
        await(put);
        StepVerifier.create(get).expectNextCount(1).expectComplete().verify(TIMEOUT);
        await(clear);
        StepVerifier.create(get).expectComplete().verify(TIMEOUT);
        await(put);
        StepVerifier.create(get).expectNextCount(1).expectComplete().verify(TIMEOUT);
    }

    @Test
    void lateDemand_isServed() {
        put(KEY, 0, entry("a"));
        StepVerifier.create(cache.get(KEY, 0), 0)
                .expectSubscription()
                .thenRequest(1)
                .expectNextCount(1)
                .expectComplete()
                .verify(TIMEOUT);
    }

    @Test
    void clear_removesEverythingStoredBefore_andNothingStoredAfter() {
        for (int sample = 0; sample < 100; sample++) {
            put(KEY, sample, entry("a"));
        }
        put(new Fingerprint(-1, -1, -1, -1), Integer.MAX_VALUE, entry("a"));
        put(new Fingerprint(0, 0, 0, 0), 0, entry("a"));
        await(cache.clear());
        for (int sample = 0; sample < 100; sample++) {
            assertAbsent(KEY, sample);
        }
        assertAbsent(new Fingerprint(-1, -1, -1, -1), Integer.MAX_VALUE);
        assertAbsent(new Fingerprint(0, 0, 0, 0), 0);
        put(KEY, 0, entry("b"));
        assertStored(KEY, 0, entry("b"));
    }

    @Test
    void manyAtOnce_eachReadsItsOwnOnceItsPutIsComplete() {
        Flux<String> wrong = Flux.range(0, 5_000)
                .flatMap(
                        i -> Mono.defer(() -> cache.put(key(i), i % 3, entry("answer " + i)))
                                .then(Mono.defer(() -> cache.get(key(i), i % 3)))
                                .map(CacheUnderTest::text)
                                .defaultIfEmpty("absent")
                                .filter(text -> !text.equals("answer " + i))
                                .subscribeOn(Schedulers.parallel()),
                        100,
                        1);
        StepVerifier.create(wrong).expectComplete().verify(TIMEOUT);
    }

    /** Readers of a key that is written over and over never read an older answer than the last completed put's. */
    @Test
    void completedPut_isSeenByEveryLaterGet_whileOthersRead() {
        Flux<Integer> stale = Flux.range(0, 8)
                .flatMap(
                        key -> Flux.range(1, 200)
                                .concatMap(
                                        version -> Flux.range(0, 4)
                                                .flatMap(reader ->
                                                        cache.get(key(key), 0).subscribeOn(Schedulers.parallel()))
                                                .mergeWith(cache.put(key(key), 0, entry("" + version))
                                                        .cast(CacheEntry.class))
                                                .then(Mono.defer(() -> cache.get(key(key), 0)))
                                                .map(entry -> Integer.parseInt(text(entry)))
                                                .filter(read -> !read.equals(version)),
                                        1)
                                .subscribeOn(Schedulers.parallel()),
                        8,
                        1);
        StepVerifier.create(stale).expectComplete().verify(TIMEOUT);
    }

    @Test
    void cancelAtAnyMoment_harmsNobody() {
        for (int i = 0; i < 500; i++) {
            Disposable put = cache.put(key(i), 0, entry("answer " + i)).subscribe();
            Disposable get = cache.get(key(i), 0).subscribe();
            put.dispose();
            get.dispose();
        }
        put(KEY, 0, entry("after"));
        assertStored(KEY, 0, entry("after"));
        for (int i = 0; i < 500; i++) {
            String expected = "answer " + i;
            StepVerifier.create(cache.get(key(i), 0).map(CacheUnderTest::text).filter(text -> !text.equals(expected)))
                    .expectComplete()
                    .verify(TIMEOUT);
        }
    }

    @Test
    void callsInsideResultsOfTheCache_doNotHang() {
        Mono<String> chain = cache.put(KEY, 0, entry("a"))
                .then(Mono.defer(() -> cache.get(KEY, 0)))
                .flatMap(first -> cache.put(KEY, 1, entry("b")))
                .then(Mono.defer(() -> cache.get(KEY, 1)))
                .map(CacheUnderTest::text);
        StepVerifier.create(chain).expectNext("b").expectComplete().verify(TIMEOUT);
    }

    @Test
    void wrongArguments_failAtOnce() {
        assertThatIllegalArgumentException().isThrownBy(() -> cache.get(KEY, -1));
        assertThatIllegalArgumentException().isThrownBy(() -> cache.put(KEY, -1, entry("a")));
        assertThatIllegalArgumentException().isThrownBy(() -> cache.remove(KEY, -1));
        assertThatNullPointerException().isThrownBy(() -> cache.remove(nothing(), 0));
        assertThatNullPointerException().isThrownBy(() -> cache.get(nothing(), 0));
        assertThatNullPointerException().isThrownBy(() -> cache.put(nothing(), 0, entry("a")));
        assertThatNullPointerException().isThrownBy(() -> cache.put(KEY, 0, nothing()));
    }

    @Test
    void afterClose_everyCallFails() {
        put(KEY, 0, entry("a"));
        Mono<CacheEntry> assembledBefore = cache.get(KEY, 0);
        cache.close();
        cache.close();
        for (Mono<?> call : List.of(
                assembledBefore,
                cache.get(KEY, 0),
                cache.get(KEY, 1),
                cache.put(KEY, 0, entry("b")),
                cache.remove(KEY, 0),
                cache.entries().next(),
                cache.statistics(),
                cache.clear())) {
            StepVerifier.create(call).expectError(IllegalStateException.class).verify(TIMEOUT);
        }
    }

    @Test
    void closeWhileCallsArePending_endsEachOfThem() {
        Flux<Object> calls = Flux.range(0, 2_000)
                .flatMap(
                        i -> Mono.defer(() -> i == 1_000 ? closeElsewhere() : call(i))
                                .onErrorResume(IllegalStateException.class, e -> Mono.just("closed"))
                                .defaultIfEmpty("done")
                                .subscribeOn(Schedulers.parallel()),
                        200,
                        1);
        StepVerifier.create(calls).expectNextCount(2_000).expectComplete().verify(TIMEOUT);
    }

    @Test
    void closeOnAThreadOfTheCache_doesNotHang() {
        Mono<Void> closing = cache.put(KEY, 0, entry("a")).doOnSuccess(done -> cache.close());
        StepVerifier.create(closing).expectComplete().verify(TIMEOUT);
        StepVerifier.create(cache.get(KEY, 0))
                .expectError(IllegalStateException.class)
                .verify(TIMEOUT);
    }

    @Test
    void storeThatCanBeWritten_saysSo() {
        assertThat(cache.isReadOnly()).isFalse();
    }

    @Test
    void whatWasStored_isThereWhenOpenedAgain() throws Exception {
        for (int i = 0; i < 1_000; i++) {
            put(key(i), i % 2, entry("answer " + i));
        }
        cache.close();
        Optional<ResponseCache> reopened = reopen();
        if (reopened.isPresent()) {
            cache = reopened.get();
            assertThat(statistics().entries()).isEqualTo(1_000);
            for (int i = 0; i < 1_000; i++) {
                assertStored(key(i), i % 2, entry("answer " + i));
            }
            assertAbsent(KEY, 0);
        }
    }

    private Mono<Object> call(int i) {
        return i % 2 == 0
                ? cache.put(key(i), 0, entry("a")).cast(Object.class)
                : cache.get(key(i), 0).cast(Object.class);
    }

    private Mono<Object> closeElsewhere() {
        return Mono.fromRunnable(cache::close).subscribeOn(Schedulers.boundedElastic());
    }

    @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"}) // stands for a caller that breaks the contract
    private static <T> T nothing() {
        @Nullable T nothing = null;
        return nothing;
    }
}
