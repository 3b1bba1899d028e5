package io.headrace.batch;

import io.headrace.Fingerprint;

/** Fingerprint and sample in 56 bits: by what {@link Standings} know a request. Arithmetic without state. */
final class RequestKey {

    static final int BITS = 56;

    private RequestKey() {}

    /** Two of a million requests share a key with a chance of 1 in 100,000; where it matters the fingerprint itself is compared. */
    static long of(Fingerprint fingerprint, int sample) {
        long mixed = (fingerprint.a() ^ (sample * 0x9E3779B97F4A7C15L)) * 0xBF58476D1CE4E5B9L;
        return (mixed ^ (mixed >>> 29)) >>> (Long.SIZE - BITS);
    }
}
