package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Cost;
import io.headrace.Usage;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.CacheHits;
import io.headrace.cache.CacheStatistics;
import io.headrace.cache.CallKey.FieldDigest;
import io.headrace.cache.ResponseCache;
import io.headrace.cache.StoredEntry;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/** What every {@link ResponseCache} promises to those who look after it: listing, removing, counting. */
abstract class CacheUpkeepContract extends CacheUnderTest {

    @Test
    void entries_areAllThatIsStored_eachOnce() {
        Map<String, String> expected = new TreeMap<>();
        for (int i = 0; i < 1_000; i++) {
            put(key(i), i % 3, entry("answer " + i));
            expected.put(key(i) + "/" + i % 3, "answer " + i);
        }
        put(key(7), 7 % 3, entry("replaced"));
        expected.put(key(7) + "/" + 7 % 3, "replaced");
        remove(key(8), 8 % 3);
        expected.remove(key(8) + "/" + 8 % 3);
        assertThat(texts()).isEqualTo(expected);
        assertThat(texts()).as("the second time").isEqualTo(expected);
        await(cache.clear());
        assertThat(texts()).isEmpty();
    }

    @Test
    void entries_areWholeEntries() {
        CacheEntry entry = new CacheEntry(
                new byte[] {1, 2, 3},
                true,
                Usage.UNKNOWN,
                Cost.of(new BigDecimal("0.5")),
                "a model",
                "run/item",
                Instant.ofEpochMilli(5),
                List.of(new FieldDigest("f", 1)));
        put(KEY, 4, entry);
        StepVerifier.create(cache.entries())
                .assertNext(stored -> {
                    StoredEntry.Answer answer = (StoredEntry.Answer) stored;
                    assertThat(answer.fingerprint()).isEqualTo(KEY);
                    assertThat(answer.sample()).isEqualTo(4);
                    assertEqual(answer.entry(), entry);
                })
                .expectComplete()
                .verify(TIMEOUT);
    }

    @Test
    void entries_waitForDemand_andEndByACancelAtAnyMoment() {
        for (int i = 0; i < 300; i++) {
            put(key(i), 0, entry("answer " + i));
        }
        StepVerifier.create(cache.entries(), 0)
                .expectSubscription()
                .thenRequest(1)
                .expectNextCount(1)
                .thenRequest(2)
                .expectNextCount(2)
                .then(() -> put(key(1_000), 0, entry("put while others are read")))
                .thenRequest(Long.MAX_VALUE)
                .thenConsumeWhile(entry -> true)
                .expectComplete()
                .verify(TIMEOUT);
        for (int taken = 0; taken < 50; taken++) {
            StepVerifier.create(cache.entries(), taken)
                    .expectNextCount(taken)
                    .thenCancel()
                    .verify(TIMEOUT);
            cache.entries().subscribe().dispose();
        }
        assertThat(texts()).hasSize(301);
    }

    /** What is left alone is seen once, whatever is stored and removed beside it meanwhile. */
    @Test
    void entriesDuringWrites_areAllThatWasUntouched_eachOnce() {
        for (int i = 0; i < 2_000; i++) {
            put(key(i), 0, entry("answer " + i));
        }
        Flux<Object> writing = Flux.range(0, 4_000)
                .flatMap(
                        i -> (i % 2 == 0
                                        ? cache.remove(key(i / 2 * 2), 0).cast(Object.class)
                                        : cache.put(key(10_000 + i), 0, entry("new " + i))
                                                .cast(Object.class))
                                .subscribeOn(Schedulers.parallel()),
                        16,
                        1);
        Flux<List<String>> reading = Flux.range(0, 5)
                .concatMap(
                        round -> cache.entries()
                                .publishOn(Schedulers.parallel(), 1)
                                .cast(StoredEntry.Answer.class)
                                .map(answer -> text(answer.entry()))
                                .filter(text -> text.startsWith("answer")
                                        && Integer.parseInt(text.substring("answer ".length())) % 2 == 1)
                                .collectList(),
                        1);
        Flux<List<String>> both = reading.mergeWith(writing.ignoreElements().then(Mono.empty()));
        StepVerifier.create(both)
                .thenConsumeWhile(texts -> {
                    assertThat(texts).hasSize(1_000).doesNotHaveDuplicates();
                    return true;
                })
                .expectComplete()
                .verify(TIMEOUT);
    }

    @Test
    void removedAnswer_isGone_andNoOther() throws Exception {
        for (int sample = 0; sample < 3; sample++) {
            put(KEY, sample, entry("sample " + sample));
        }
        assertThat(remove(KEY, 1)).isTrue();
        assertThat(remove(KEY, 1)).as("a second time").isFalse();
        assertThat(remove(KEY, 9)).as("never stored").isFalse();
        assertStored(KEY, 0, entry("sample 0"));
        assertAbsent(KEY, 1);
        assertStored(KEY, 2, entry("sample 2"));
        cache.close();
        Optional<ResponseCache> reopened = reopen();
        if (reopened.isPresent()) {
            cache = reopened.get();
            assertAbsent(KEY, 1);
            assertStored(KEY, 2, entry("sample 2"));
            assertThat(remove(KEY, 2)).isTrue();
            assertAbsent(KEY, 2);
            put(KEY, 1, entry("again"));
            assertStored(KEY, 1, entry("again"));
            assertThat(cache.surelyLacks(KEY, 1)).isFalse();
        }
    }

    @Test
    void removeIsLazy_andEachSubscriptionRemovesAnew() {
        put(KEY, 0, entry("a"));
        Mono<Boolean> remove = cache.remove(KEY, 0);
        assertStored(KEY, 0, entry("a"));
        StepVerifier.create(remove).expectNext(true).expectComplete().verify(TIMEOUT);
        put(KEY, 0, entry("b"));
        StepVerifier.create(remove).expectNext(true).expectComplete().verify(TIMEOUT);
        assertAbsent(KEY, 0);
    }

    /** Readers of answers that are removed and stored again see whole answers or none, and the last word holds. */
    @Test
    void removesRacingWithPutsAndGets_leaveWhatWasDoneLast() {
        Flux<Object> racing = Flux.range(0, 20)
                .flatMap(
                        key -> Flux.range(0, 100)
                                .concatMap(
                                        round -> Flux.merge(
                                                        cache.put(key(key), 0, entry("answer " + key)),
                                                        cache.remove(key(key), 0),
                                                        cache.get(key(key), 0)
                                                                .doOnNext(read -> assertThat(text(read))
                                                                        .isEqualTo("answer " + key)))
                                                .then(
                                                        round % 2 == 0
                                                                ? cache.put(key(key), 0, entry("answer " + key))
                                                                : cache.remove(key(key), 0)
                                                                        .then())
                                                .then(Mono.defer(() ->
                                                        cache.get(key(key), 0).hasElement()))
                                                .doOnNext(there ->
                                                        assertThat(there).isEqualTo(round % 2 == 0)),
                                        1)
                                .subscribeOn(Schedulers.parallel()),
                        20,
                        1);
        StepVerifier.create(racing.ignoreElements()).expectComplete().verify(TIMEOUT);
    }

    @Test
    void removeOfMany_inAnyOrder_leavesTheRest() {
        for (int i = 0; i < 3_000; i++) {
            put(key(i), 0, entry("answer " + i));
        }
        StepVerifier.create(Flux.range(0, 3_000)
                        .filter(i -> i % 3 > 0)
                        .flatMap(i -> cache.remove(key(i), 0), 64, 1)
                        .filter(removed -> removed)
                        .count())
                .expectNext(2_000L)
                .expectComplete()
                .verify(TIMEOUT);
        assertThat(texts()).hasSize(1_000);
        await(cache.compact());
        assertThat(texts()).as("after compact").hasSize(1_000);
        for (int i = 0; i < 3_000; i += 100) {
            if (i % 3 > 0) {
                assertAbsent(key(i), 0);
            } else {
                assertStored(key(i), 0, entry("answer " + i));
            }
        }
    }

    @Test
    void statistics_countAnswersAndBytes() {
        assertThat(statistics()).isEqualTo(new CacheStatistics(0, 0, CacheHits.NONE));
        for (int i = 0; i < 500; i++) {
            put(key(i), 0, entry(new byte[2_000]));
        }
        put(key(0), 0, entry(new byte[2_000]));
        for (int i = 0; i < 100; i++) {
            remove(key(i), 0);
        }
        await(cache.compact());
        CacheStatistics some = statistics();
        assertThat(some.entries()).isEqualTo(400);
        assertThat(some.bytes()).isPositive();
        await(cache.clear());
        await(cache.compact());
        assertThat(statistics().entries()).isZero();
        assertThat(statistics().bytes()).isLessThan(some.bytes());
    }

    @Test
    void hits_areCountedWithWhatTheySaved_andOutliveTheStore() throws Exception {
        CacheEntry priced = entry("a");
        CacheEntry unknown =
                new CacheEntry(new byte[0], false, Usage.UNKNOWN, Cost.UNKNOWN, "", "", Instant.EPOCH, List.of());
        cache.countHit(priced);
        cache.countHit(priced);
        cache.countHit(unknown);
        CacheHits expected = CacheHits.NONE.plus(priced).plus(priced).plus(unknown);
        assertThat(expected.count()).isEqualTo(3);
        assertThat(expected.cost()).isEqualTo(new Cost(new BigDecimal("0.00250"), 1));
        assertThat(statistics().hits()).isEqualTo(expected);
        await(cache.clear());
        assertThat(statistics().hits()).as("after clear").isEqualTo(expected);
        cache.close();
        cache.countHit(priced);
        Optional<ResponseCache> reopened = reopen();
        if (reopened.isPresent()) {
            cache = reopened.get();
            assertThat(statistics().hits()).as("opened again").isEqualTo(expected);
            cache.countHit(priced);
            assertThat(statistics().hits()).isEqualTo(expected.plus(priced));
        }
    }

    @Test
    void hitsOfManyThreads_areAllCounted() {
        CacheEntry entry = entry("a");
        StepVerifier.create(Flux.range(0, 8)
                        .flatMap(
                                i -> Mono.fromRunnable(() -> {
                                            for (int hit = 0; hit < 1_000; hit++) {
                                                cache.countHit(entry);
                                            }
                                        })
                                        .subscribeOn(Schedulers.parallel()),
                                8,
                                1))
                .expectComplete()
                .verify(TIMEOUT);
        assertThat(statistics().hits().count()).isEqualTo(8_000);
        assertThat(statistics().hits().usage()).isEqualTo(Usage.of(80_000, 160_000));
    }

    @Test
    void entriesOfACacheThatIsClosedMeanwhile_failAndDoNotEndAsIfTheyWereAll() {
        for (int i = 0; i < 2_000; i++) {
            put(key(i), 0, entry("answer " + i));
        }
        StepVerifier.create(cache.entries(), 1)
                .expectNextCount(1)
                .then(cache::close)
                .thenRequest(Long.MAX_VALUE)
                .thenConsumeWhile(entry -> true)
                .expectError(IllegalStateException.class)
                .verify(TIMEOUT);
    }
}
