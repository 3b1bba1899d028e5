package io.headrace.observe;

import io.headrace.ErrorKind;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** A counter for each {@link ErrorKind} that occurs. Thread-safe. */
final class KindCounts {

    private final Map<ErrorKind, LongAdder> counts = new ConcurrentHashMap<>();

    void increment(ErrorKind kind) {
        counts.computeIfAbsent(kind, k -> new LongAdder()).increment();
    }

    /** The counts, none of them zero. */
    Map<ErrorKind, Long> toMap() {
        Map<ErrorKind, Long> map = new EnumMap<>(ErrorKind.class);
        counts.forEach((kind, count) -> map.put(kind, count.sum()));
        map.values().removeIf(count -> count == 0); // a counter just made
        return map;
    }
}
