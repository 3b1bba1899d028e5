package io.headrace.benchmarks;

import io.headrace.Cost;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.CallKey.FieldDigest;
import io.headrace.cache.rocksdb.RocksDbCache;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.SplittableRandom;
import org.HdrHistogram.Histogram;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What the cache on disk costs at 10,000, 100,000 and 1,000,000 entries of about 1 KB: storing one, finding one, missing one,
 * and memory.
 *
 * <p>Argument: a directory that does not exist yet.
 */
public final class CacheBars {

    private static final int[] SIZES = {10_000, 100_000, 1_000_000};
    private static final int LOOKUPS = 200_000;
    private static final int CONCURRENCY = 64;

    private final RocksDbCache cache;

    private CacheBars(RocksDbCache cache) {
        this.cache = cache;
    }

    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            new CacheBars(cache).run();
        }
        try (RocksDbCache cache = RocksDbCache.open(folder)) {
            long start = System.nanoTime();
            cache.ready().block();
            System.out.printf(Locale.ROOT, "opened again in %.0f ms%n", (System.nanoTime() - start) / 1e6);
            new CacheBars(cache).hits(SIZES[SIZES.length - 1]);
            memory("after hits");
        }
    }

    private void run() throws IOException {
        store(-20_000, 0); // warm
        hits(-20_000);
        int stored = 0;
        for (int size : SIZES) {
            store(stored, size);
            stored = size;
            misses(size);
            hits(size);
            memory("at " + size);
        }
        long start = System.nanoTime();
        cache.compact().block();
        System.out.printf(Locale.ROOT, "compacted in %.1f s%n", (System.nanoTime() - start) / 1e9);
        hits(stored);
        memory("compacted");
    }

    private void store(int from, int to) {
        double cpu = cpuSeconds();
        long start = System.nanoTime();
        Flux.range(from, to - from).flatMap(i -> put(i), CONCURRENCY, 1).then().block();
        double micros = (System.nanoTime() - start) / 1e3 / (to - from);
        System.out.printf(
                Locale.ROOT,
                "store %d to %d: %.1f us an entry, cpu %.1f us%n",
                from,
                to,
                micros,
                (cpuSeconds() - cpu) * 1e6 / (to - from));
    }

    /** One at a time, in random order; from the call to the answer. */
    private void hits(int size) {
        SplittableRandom random = new SplittableRandom(1);
        Histogram times = new Histogram(3);
        long wrong = Objects.requireNonNull(Flux.range(0, LOOKUPS)
                .concatMap(
                        n -> {
                            int i = size < 0 ? -1 - random.nextInt(-size) : random.nextInt(size);
                            long start = System.nanoTime();
                            return cache.get(key(i), 0)
                                    .doOnNext(found -> times.recordValue(System.nanoTime() - start))
                                    .filter(found -> found.usage().inputTokens() == i + 100_000L)
                                    .hasElement()
                                    .filter(right -> !right);
                        },
                        1)
                .count()
                .block());
        print("hits of " + size + ", wrong " + wrong, times);
        Histogram waited = new Histogram(3);
        for (int n = 0; n < LOOKUPS / 10; n++) {
            int i = size < 0 ? -1 - random.nextInt(-size) : random.nextInt(size);
            long start = System.nanoTime();
            cache.get(key(i), 0).block();
            waited.recordValue(System.nanoTime() - start);
        }
        print("  the same, waited for by another thread", waited);
        long start = System.nanoTime();
        Flux.range(0, LOOKUPS)
                .flatMap(n -> cache.get(key(random.nextInt(Math.abs(size))), 0), CONCURRENCY, 1)
                .then()
                .block();
        System.out.printf(
                Locale.ROOT,
                "  %d at a time: %.0f a second%n",
                CONCURRENCY,
                LOOKUPS / ((System.nanoTime() - start) / 1e9));
    }

    private void misses(int size) {
        Histogram times = new Histogram(3);
        int asked = 0;
        for (int i = 0; i < LOOKUPS; i++) {
            Fingerprint key = key(size + 1_000_000 + i);
            long start = System.nanoTime();
            boolean lacks = cache.surelyLacks(key, 0);
            times.recordValue(System.nanoTime() - start);
            if (!lacks) {
                asked++;
                cache.get(key, 0).block();
            }
        }
        print("misses of " + size + ", looked up " + asked, times);
    }

    private static void print(String what, Histogram times) {
        System.out.printf(
                Locale.ROOT,
                "%s: p50 %.1f us, p90 %.1f, p99 %.1f, p99.9 %.1f, most %.0f%n",
                what,
                times.getValueAtPercentile(50) / 1e3,
                times.getValueAtPercentile(90) / 1e3,
                times.getValueAtPercentile(99) / 1e3,
                times.getValueAtPercentile(99.9) / 1e3,
                times.getMaxValue() / 1e3);
    }

    private static void memory(String when) throws IOException {
        System.gc();
        StringBuilder text = new StringBuilder();
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.matches("(VmHWM|VmRSS|RssAnon|RssFile|RssShmem):.*")) {
                text.append(line.replaceAll("\\s+", " ").replace(" kB", "")).append(' ');
            }
        }
        System.out.printf(
                Locale.ROOT,
                "memory %s: heap after gc %d MB, kB: %s%n",
                when,
                ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() >> 20,
                text);
    }

    private Mono<Void> put(int i) {
        Fingerprint key = key(i);
        CacheEntry entry = entry(i);
        return cache.putAtOnce(key, 0, entry) ? Mono.empty() : cache.put(key, 0, entry);
    }

    private static Fingerprint key(int i) {
        SplittableRandom random = new SplittableRandom(i);
        return new Fingerprint(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
    }

    private static CacheEntry entry(int i) {
        SplittableRandom random = new SplittableRandom(~i);
        StringBuilder text = new StringBuilder(800);
        while (text.length() < 700) {
            text.append("word").append(random.nextInt(10_000)).append(' ');
        }
        return new CacheEntry(
                text.toString().getBytes(StandardCharsets.UTF_8),
                false,
                Usage.of(i + 100_000L, 1),
                Cost.of(new BigDecimal("0.00012")),
                "gpt-4o-mini-2024-07-18",
                "",
                Instant.ofEpochMilli(i + 100_000L),
                List.of(
                        new FieldDigest("messages", i),
                        new FieldDigest("model", 2),
                        new FieldDigest("operation", 3),
                        new FieldDigest("provider", 4),
                        new FieldDigest("temperature", 5)));
    }

    private static double cpuSeconds() {
        return ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class)
                        .getProcessCpuTime()
                / 1e9;
    }
}
