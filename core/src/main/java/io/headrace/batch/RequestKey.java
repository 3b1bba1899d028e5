package io.headrace.batch;

import io.headrace.Fingerprint;

/** By what {@link Standings} know a request, and whoever claimed its answer. Arithmetic without state. */
final class RequestKey {

    static final int BITS = 56;

    private static final long FACTOR = 0x9E3779B97F4A7C15L;

    private RequestKey() {}

    /**
     * In 56 bits. Two of a million requests share a key with a chance of 1 in 100,000; where it matters the fingerprint itself is
     * compared.
     */
    static long of(Fingerprint fingerprint, int sample) {
        long mixed = (fingerprint.a() ^ (sample * FACTOR)) * 0xBF58476D1CE4E5B9L;
        return (mixed ^ (mixed >>> 29)) >>> (Long.SIZE - BITS);
    }

    /** The name of whoever claims an answer in 64 bits; 0 for nobody. */
    static long of(String name) {
        long mixed = 0;
        for (int i = 0; i < name.length(); i++) {
            mixed = (mixed + name.charAt(i)) * FACTOR;
            mixed ^= mixed >>> 29;
        }
        return mixed;
    }
}
