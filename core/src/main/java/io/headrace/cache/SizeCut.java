package io.headrace.cache;

import java.util.function.Predicate;

/**
 * Where to cut the oldest answers off so that a number of bytes goes, found by histograms of ever narrower spans of time: a few
 * readings of everything in place of a sorted list of it. Immutable.
 *
 * @param from all stored before, in milliseconds since 1970, are beyond
 * @param to those stored from then on stay; between the two the cut lies
 * @param bytes how many of the bytes stored from {@code from} on are beyond
 */
record SizeCut(long from, long to, long bytes) {

    private static final int BUCKETS = 4096;

    /** Whether the cut lies within a millisecond, where all answers are equally old. */
    boolean isExact() {
        return bytes <= 0 || to - from <= 1;
    }

    /** Those beyond; to be asked once about each answer, for of equally old ones the first are. */
    Predicate<StoredEntry.Answer> oldest() {
        long[] taken = new long[1];
        return answer -> {
            long time = answer.entry().storedAt().toEpochMilli();
            if (time != from) {
                return time < from;
            }
            if (taken[0] >= bytes) {
                return false;
            }
            taken[0] += CacheEntryCodec.bytes(answer.entry());
            return true;
        };
    }

    Histogram histogram() {
        return new Histogram(this);
    }

    /** The span of all answers and what they take. */
    static final class Range {

        private long from = Long.MAX_VALUE;
        private long last = Long.MIN_VALUE;
        private long bytes;

        void add(StoredEntry.Answer answer) {
            long time = answer.entry().storedAt().toEpochMilli();
            from = Math.min(from, time);
            last = Math.max(last, time);
            bytes += CacheEntryCodec.bytes(answer.entry());
        }

        SizeCut cut(long maxBytes) {
            return bytes <= maxBytes ? new SizeCut(from, from, 0) : new SizeCut(from, last + 1, bytes - maxBytes);
        }
    }

    /** How many bytes were stored in each part of the span of a cut. */
    static final class Histogram {

        private final SizeCut cut;
        private final long width;
        private final long[] bytes = new long[BUCKETS];

        private Histogram(SizeCut cut) {
            this.cut = cut;
            this.width = (cut.to - cut.from - 1) / BUCKETS + 1;
        }

        void add(StoredEntry.Answer answer) {
            long time = answer.entry().storedAt().toEpochMilli();
            if (time >= cut.from && time < cut.to) {
                bytes[(int) ((time - cut.from) / width)] += CacheEntryCodec.bytes(answer.entry());
            }
        }

        /** The cut in the part of the span where it lies. */
        SizeCut narrower() {
            long rest = cut.bytes;
            for (int bucket = 0; bucket < BUCKETS; bucket++) {
                if (bytes[bucket] >= rest) {
                    long start = cut.from + bucket * width;
                    return new SizeCut(start, Math.min(start + width, cut.to), rest);
                }
                rest -= bytes[bucket];
            }
            return new SizeCut(cut.to, cut.to, 0); // some went meanwhile
        }
    }
}
