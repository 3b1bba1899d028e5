package io.headrace.cache.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Cost;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.ResponseCache;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Numbered entries, each of which can be told to be right by itself. */
final class Entries {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private Entries() {}

    static Fingerprint key(int number) {
        SplittableRandom random = new SplittableRandom(number); // as evenly spread as fingerprints are
        return new Fingerprint(random.nextLong(), random.nextLong(), random.nextLong(), number);
    }

    static CacheEntry entry(int number) {
        return new CacheEntry(
                text(number), false, Usage.of(number, 1), Cost.UNKNOWN, "model", "", Instant.EPOCH, List.of());
    }

    /** Stores the entry as the cache layer does. */
    static Mono<Void> put(ResponseCache cache, int number) {
        return Mono.defer(() -> cache.putAtOnce(key(number), 0, entry(number))
                ? Mono.empty()
                : cache.put(key(number), 0, entry(number)));
    }

    /** Stores those below {@code count}. */
    static void store(ResponseCache cache, int count) {
        store(cache, 0, count);
    }

    static void store(ResponseCache cache, int from, int to) {
        Flux.range(from, to - from).flatMap(i -> put(cache, i), 64, 1).blockLast(TIMEOUT);
    }

    /** The numbers below {@code count} whose answers are there, and fails if one is wrong. */
    static BitSet readAll(ResponseCache cache, int count) {
        BitSet found = new BitSet();
        Flux<Integer> wrong = Flux.range(0, count)
                .flatMap(
                        i -> Mono.defer(() -> cache.get(key(i), 0))
                                .publishOn(Schedulers.single())
                                .doOnNext(entry -> found.set(i))
                                .filter(entry -> !isRight(i, entry))
                                .map(entry -> i),
                        64,
                        1);
        assertThat(wrong.collectList().block(TIMEOUT)).as("wrong answers").isEmpty();
        return found;
    }

    static boolean isRight(int number, CacheEntry read) {
        return Arrays.equals(read.answer(), text(number)) && read.usage().inputTokens() == number;
    }

    private static byte[] text(int number) {
        Random random = new Random(number);
        byte[] head = ("answer " + number + ": ").getBytes(StandardCharsets.US_ASCII);
        byte[] letters = new byte[random.nextInt(400)];
        random.nextBytes(letters);
        byte[] text = Arrays.copyOf(head, head.length + letters.length);
        for (int i = 0; i < letters.length; i++) {
            text[head.length + i] = (byte) ('a' + (letters[i] & 0xFF) % 26);
        }
        return text;
    }
}
