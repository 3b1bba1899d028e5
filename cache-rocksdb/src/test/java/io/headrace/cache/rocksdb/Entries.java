package io.headrace.cache.rocksdb;

import io.headrace.Cost;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.ResponseCache;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import reactor.core.publisher.Mono;

/** Numbered entries, each of which can be told to be right by itself. */
final class Entries {

    private Entries() {}

    static Fingerprint key(int number) {
        SplittableRandom random = new SplittableRandom(number); // as evenly spread as fingerprints are
        return new Fingerprint(random.nextLong(), random.nextLong(), random.nextLong(), number);
    }

    static CacheEntry entry(int number) {
        return new CacheEntry(
                text(number).getBytes(StandardCharsets.UTF_8),
                false,
                Usage.of(number, 1),
                Cost.UNKNOWN,
                "model",
                "",
                Instant.EPOCH,
                List.of());
    }

    /** Stores the entry as the cache layer does. */
    static Mono<Void> put(ResponseCache cache, int number) {
        return Mono.defer(() -> cache.putAtOnce(key(number), 0, entry(number))
                ? Mono.empty()
                : cache.put(key(number), 0, entry(number)));
    }

    static boolean isRight(int number, CacheEntry read) {
        return new String(read.answer(), StandardCharsets.UTF_8).equals(text(number))
                && read.usage().inputTokens() == number;
    }

    private static String text(int number) {
        Random random = new Random(number);
        StringBuilder text = new StringBuilder("answer " + number + ": ");
        for (int i = random.nextInt(400); i > 0; i--) {
            text.append((char) ('a' + random.nextInt(26)));
        }
        return text.toString();
    }
}
