package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.headrace.Cost;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.CacheHits;
import io.headrace.cache.CacheStatistics;
import io.headrace.cache.CallKey.FieldDigest;
import io.headrace.cache.ResponseCache;
import io.headrace.cache.StoredEntry;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
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
@SuppressWarnings("NullAway.Init") // the cache is made before each test
public abstract class ResponseCacheContract {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final Fingerprint KEY = new Fingerprint(1, 2, 3, 4);

    /** The cache under test, new and empty for every test. */
    protected ResponseCache cache;

    /** Makes a new, empty cache. */
    protected abstract ResponseCache create() throws Exception;

    /** Opens again what the closed {@link #cache} has stored; empty for a store that keeps nothing when closed. */
    protected abstract Optional<ResponseCache> reopen() throws Exception;

    @BeforeEach
    void createCache() throws Exception {
        cache = create();
    }

    @AfterEach
    void closeCache() {
        cache.close();
    }

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
                                .map(ResponseCacheContract::text)
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
            StepVerifier.create(cache.get(key(i), 0)
                            .map(ResponseCacheContract::text)
                            .filter(text -> !text.equals(expected)))
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
                .map(ResponseCacheContract::text);
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

    private Mono<Object> call(int i) {
        return i % 2 == 0
                ? cache.put(key(i), 0, entry("a")).cast(Object.class)
                : cache.get(key(i), 0).cast(Object.class);
    }

    private Mono<Object> closeElsewhere() {
        return Mono.fromRunnable(cache::close).subscribeOn(Schedulers.boundedElastic());
    }

    private void put(Fingerprint fingerprint, int sample, CacheEntry entry) {
        await(cache.put(fingerprint, sample, entry));
    }

    private boolean remove(Fingerprint fingerprint, int sample) {
        return result(cache.remove(fingerprint, sample));
    }

    private CacheStatistics statistics() {
        return result(cache.statistics());
    }

    /** All answers by fingerprint and sample; fails if one comes twice or is damaged. */
    private Map<String, String> texts() {
        return result(cache.entries()
                .cast(StoredEntry.Answer.class)
                .collect(
                        TreeMap::new,
                        (texts, answer) -> assertThat(
                                        texts.put(answer.fingerprint() + "/" + answer.sample(), text(answer.entry())))
                                .isNull()));
    }

    private static <T> T result(Mono<T> action) {
        AtomicReference<T> result = new AtomicReference<>();
        StepVerifier.create(action.doOnNext(result::set))
                .expectNextCount(1)
                .expectComplete()
                .verify(TIMEOUT);
        return Objects.requireNonNull(result.get());
    }

    private static void await(Mono<Void> action) {
        StepVerifier.create(action).expectComplete().verify(TIMEOUT);
    }

    private void assertAbsent(Fingerprint fingerprint, int sample) {
        StepVerifier.create(cache.get(fingerprint, sample)).expectComplete().verify(TIMEOUT);
    }

    private void assertStored(Fingerprint fingerprint, int sample, CacheEntry expected) {
        StepVerifier.create(cache.get(fingerprint, sample))
                .assertNext(read -> assertEqual(read, expected))
                .expectComplete()
                .verify(TIMEOUT);
    }

    private static void assertEqual(CacheEntry read, CacheEntry expected) {
        assertThat(read.answer()).isEqualTo(expected.answer());
        CacheEntry rest = new CacheEntry(
                expected.answer(),
                read.truncated(),
                read.usage(),
                read.cost(),
                read.model(),
                read.namespace(),
                read.storedAt(),
                read.fields());
        assertThat(rest).isEqualTo(expected);
    }

    private static Fingerprint key(int i) {
        long mixed = i * 0x9E3779B97F4A7C15L;
        return new Fingerprint(mixed, ~mixed, i, 0);
    }

    private static CacheEntry entry(String answer) {
        return entry(answer.getBytes(StandardCharsets.UTF_8));
    }

    private static CacheEntry entry(byte[] answer) {
        return new CacheEntry(
                answer,
                false,
                Usage.of(10, 20),
                Cost.of(new BigDecimal("0.00125")),
                "model",
                "",
                Instant.ofEpochMilli(1_790_000_000_000L),
                List.of(new FieldDigest("model", 5)));
    }

    private static String text(CacheEntry entry) {
        return new String(entry.answer(), StandardCharsets.UTF_8);
    }

    @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"}) // stands for a caller that breaks the contract
    private static <T> T nothing() {
        @Nullable T nothing = null;
        return nothing;
    }
}
