package io.headrace.testkit;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/** How often each body was asked and answered; about 100 bytes of heap a distinct body. Thread-safe. */
final class Occurrences {

    private static final class Count {
        int asked;
        int answered;
    }

    private final @Nullable ConcurrentMap<BodyDigest, Count> counts;

    /** With {@code counting} false every occurrence is the first, and nothing is kept. */
    Occurrences(boolean counting) {
        this.counts = counting ? new ConcurrentHashMap<>() : null;
    }

    /** Notes that the body was asked, for the n-th time. */
    int nextAsked(BodyDigest body) {
        if (counts == null) {
            return 1;
        }
        Count count = counts.computeIfAbsent(body, key -> new Count());
        synchronized (count) {
            return ++count.asked;
        }
    }

    /** Notes that the body is answered, for the n-th time. */
    int nextAnswered(BodyDigest body) {
        if (counts == null) {
            return 1;
        }
        Count count = counts.computeIfAbsent(body, key -> new Count());
        synchronized (count) {
            return ++count.answered;
        }
    }

    int asked(BodyDigest body) {
        Count count = counts == null ? null : counts.get(body);
        if (count == null) {
            return 0;
        }
        synchronized (count) {
            return count.asked;
        }
    }

    int answered(BodyDigest body) {
        Count count = counts == null ? null : counts.get(body);
        if (count == null) {
            return 0;
        }
        synchronized (count) {
            return count.answered;
        }
    }
}
