package io.headrace.cache;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Cost;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;

class TieredCacheTest {

    private static final Fingerprint KEY = new Fingerprint(1, 2, 3, 4);
    private static final CacheEntry OLD = entry("old");
    private static final CacheEntry NEW = entry("new");

    private final InMemoryCache memory = InMemoryCache.create();
    private final ScriptedStore store = new ScriptedStore();
    private final TieredCache cache = TieredCache.of(memory, store);

    @Test
    void answerReadTwice_isKeptInMemory() {
        readOnce();
        assertThat(memory.peek(new EntryKey(KEY, 0))).isNull();
        readOnce();
        StepVerifier.create(cache.get(KEY, 0)).expectNext(OLD).verifyComplete();
        assertThat(store.gets).isEqualTo(2);
    }

    @Test
    void answersReadOnce_takeNoMemory() {
        for (long number = 1; number <= 10_000; number++) {
            store.answers.add(Mono.just(OLD));
            StepVerifier.create(cache.get(new Fingerprint(number, 2, number, 4), 0))
                    .expectNext(OLD)
                    .verifyComplete();
        }
        StepVerifier.create(memory.entries()).verifyComplete();
    }

    private void readOnce() {
        store.answers.add(Mono.just(OLD));
        StepVerifier.create(cache.get(KEY, 0)).expectNext(OLD).verifyComplete();
    }

    @Test
    void putIsNotSeen_beforeTheStoreHasIt() {
        Sinks.Empty<Void> stored = Sinks.empty();
        store.writes.add(stored.asMono());
        store.answers.add(Mono.empty());
        StepVerifier.create(cache.put(KEY, 0, NEW))
                .then(() -> StepVerifier.create(cache.get(KEY, 0)).verifyComplete())
                .then(stored::tryEmitEmpty)
                .verifyComplete();
        store.answers.add(Mono.just(NEW));
        StepVerifier.create(cache.get(KEY, 0)).expectNext(NEW).verifyComplete();
        assertThat(store.gets).isEqualTo(2);
    }

    @Test
    void put_keepsNothingInMemory_andDropsWhatWasThere() {
        memory.store(new EntryKey(KEY, 0), OLD);
        store.writes.add(Mono.empty());
        StepVerifier.create(cache.put(KEY, 0, NEW)).verifyComplete();
        assertThat(memory.peek(new EntryKey(KEY, 0))).isNull();
    }

    @Test
    void failedPut_leavesNothingInMemory() {
        store.writes.add(Mono.error(new IllegalStateException("disk full")));
        store.answers.add(Mono.empty());
        StepVerifier.create(cache.put(KEY, 0, NEW))
                .expectErrorMessage("disk full")
                .verify();
        StepVerifier.create(cache.get(KEY, 0)).verifyComplete();
    }

    @Test
    void failedOverwrite_asksTheStoreWhatHolds() {
        memory.store(new EntryKey(KEY, 0), OLD);
        store.writes.add(Mono.error(new IllegalStateException("disk full")));
        store.answers.add(Mono.just(NEW));
        StepVerifier.create(cache.put(KEY, 0, NEW)).verifyError();
        StepVerifier.create(cache.get(KEY, 0)).expectNext(NEW).verifyComplete();
    }

    @Test
    void answerReadBeforeAPut_isNotKeptAfterIt() {
        readOnce();
        Sinks.One<CacheEntry> slow = Sinks.one();
        store.answers.add(slow.asMono());
        store.writes.add(Mono.empty());
        store.answers.add(Mono.just(NEW));
        StepVerifier.create(cache.get(KEY, 0))
                .then(() -> StepVerifier.create(cache.put(KEY, 0, NEW)).verifyComplete())
                .then(() -> memory.forget(new EntryKey(KEY, 0)))
                .then(() -> slow.tryEmitValue(OLD))
                .expectNext(OLD)
                .verifyComplete();
        StepVerifier.create(cache.get(KEY, 0)).expectNext(NEW).verifyComplete();
    }

    @Test
    void answerReadBeforeAClear_isNotKeptAfterIt() {
        readOnce();
        Sinks.One<CacheEntry> slow = Sinks.one();
        store.answers.add(slow.asMono());
        store.answers.add(Mono.empty());
        StepVerifier.create(cache.get(KEY, 0))
                .then(() -> StepVerifier.create(cache.clear()).verifyComplete())
                .then(() -> slow.tryEmitValue(OLD))
                .expectNext(OLD)
                .verifyComplete();
        StepVerifier.create(cache.get(KEY, 0)).verifyComplete();
    }

    @Test
    void close_closesBoth() {
        cache.close();
        assertThat(store.closed).isTrue();
        StepVerifier.create(memory.get(KEY, 0)).verifyError(IllegalStateException.class);
    }

    private static CacheEntry entry(String answer) {
        return new CacheEntry(answer.getBytes(UTF_8), false, Usage.ZERO, Cost.ZERO, "m", "", Instant.EPOCH, List.of());
    }

    /** A store that gives what it was told to. */
    private static final class ScriptedStore implements ResponseCache {

        private final Deque<Mono<CacheEntry>> answers = new ArrayDeque<>();
        private final Deque<Mono<Void>> writes = new ArrayDeque<>();
        private int gets;
        private boolean closed;

        @Override
        public Mono<CacheEntry> get(Fingerprint fingerprint, int sample) {
            return Mono.defer(() -> {
                gets++;
                return answers.remove();
            });
        }

        @Override
        public Mono<Void> put(Fingerprint fingerprint, int sample, CacheEntry entry) {
            return Mono.defer(writes::remove);
        }

        @Override
        public Mono<Void> clear() {
            return Mono.empty();
        }

        @Override
        public void close() {
            closed = true;
        }
    }
}
