package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Cost;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import io.headrace.cache.CacheEntry;
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
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** A store under test: new for every test, opened and asked so that what it lacks is said. Not thread-safe, as JUnit uses it. */
@SuppressWarnings("NullAway.Init") // the cache is made before each test
abstract class CacheUnderTest {

    static final Duration TIMEOUT = Duration.ofSeconds(30);

    static final Fingerprint KEY = new Fingerprint(1, 2, 3, 4);

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

    void put(Fingerprint fingerprint, int sample, CacheEntry entry) {
        await(cache.put(fingerprint, sample, entry));
    }

    boolean remove(Fingerprint fingerprint, int sample) {
        return result(cache.remove(fingerprint, sample));
    }

    CacheStatistics statistics() {
        return result(cache.statistics());
    }

    /** All answers by fingerprint and sample; fails if one comes twice or is damaged. */
    Map<String, String> texts() {
        return result(cache.entries()
                .cast(StoredEntry.Answer.class)
                .collect(
                        TreeMap::new,
                        (texts, answer) -> assertThat(
                                        texts.put(answer.fingerprint() + "/" + answer.sample(), text(answer.entry())))
                                .isNull()));
    }

    static <T> T result(Mono<T> action) {
        AtomicReference<T> result = new AtomicReference<>();
        StepVerifier.create(action.doOnNext(result::set))
                .expectNextCount(1)
                .expectComplete()
                .verify(TIMEOUT);
        return Objects.requireNonNull(result.get());
    }

    static void await(Mono<Void> action) {
        StepVerifier.create(action).expectComplete().verify(TIMEOUT);
    }

    void assertAbsent(Fingerprint fingerprint, int sample) {
        StepVerifier.create(cache.get(fingerprint, sample)).expectComplete().verify(TIMEOUT);
    }

    void assertStored(Fingerprint fingerprint, int sample, CacheEntry expected) {
        StepVerifier.create(cache.get(fingerprint, sample))
                .assertNext(read -> assertEqual(read, expected))
                .expectComplete()
                .verify(TIMEOUT);
    }

    static void assertEqual(CacheEntry read, CacheEntry expected) {
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

    static Fingerprint key(int i) {
        long mixed = i * 0x9E3779B97F4A7C15L;
        return new Fingerprint(mixed, ~mixed, i, 0);
    }

    static CacheEntry entry(String answer) {
        return entry(answer.getBytes(StandardCharsets.UTF_8));
    }

    static CacheEntry entry(byte[] answer) {
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

    static String text(CacheEntry entry) {
        return new String(entry.answer(), StandardCharsets.UTF_8);
    }
}
