package io.headrace.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.headrace.Cost;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

class InMemoryCacheTest {

    @Test
    void moreThanTheBound_givesWay() {
        InMemoryCache cache = InMemoryCache.ofMaxBytes(1_000_000);
        StepVerifier.create(Flux.range(0, 10_000).concatMap(i -> cache.put(key(i), 0, entry(1_000))))
                .verifyComplete();
        StepVerifier.create(Flux.range(0, 10_000)
                        .concatMap(i -> cache.get(key(i), 0))
                        .count())
                .assertNext(kept -> assertThat(kept).isBetween(100L, 1_000L))
                .verifyComplete();
    }

    @Test
    void answerLargerThanTheBound_isNotKept() {
        InMemoryCache cache = InMemoryCache.ofMaxBytes(1_000);
        StepVerifier.create(cache.put(key(1), 0, entry(2_000)).then(cache.get(key(1), 0)))
                .verifyComplete();
    }

    @Test
    void negativeBound_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> InMemoryCache.ofMaxBytes(-1));
    }

    @Test
    void everything_happensInline() {
        InMemoryCache cache = InMemoryCache.create();
        Thread[] threads = new Thread[2];
        cache.put(key(1), 0, entry(1)).subscribe(null, null, () -> threads[0] = Thread.currentThread());
        cache.get(key(1), 0).subscribe(entry -> threads[1] = Thread.currentThread());
        assertThat(threads).containsOnly(Thread.currentThread());
    }

    private static Fingerprint key(int i) {
        return new Fingerprint(i, i, i, i);
    }

    private static CacheEntry entry(int bytes) {
        return new CacheEntry(new byte[bytes], false, Usage.ZERO, Cost.ZERO, "m", "", Instant.EPOCH, List.of());
    }
}
