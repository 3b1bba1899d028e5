package io.headrace.model;

/** Tokens for each byte of text, learned from what answers report, newer ones counting more. Thread-safe. */
final class Calibration {

    /** Before anything is learned: English has about four bytes a token. */
    private static final double AT_FIRST = 0.25;

    /** As much as the first guess weighs, in bytes. */
    private static final double WEIGHT_AT_FIRST = 400;

    /** What is older than about this many bytes fades. */
    private static final double MEMORY = 1_000_000;

    /** From so many bytes on it knows well enough to learn from a part of the answers. */
    private static final double ENOUGH = 200_000;

    /** The golden ratio in 64 bits: its multiples fall everywhere alike, and in step with no pattern of a pipeline's calls. */
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private double bytes = WEIGHT_AT_FIRST;
    private double tokens = WEIGHT_AT_FIRST * AT_FIRST;
    private long turns;

    /** Whether the next answer should be learned from: always at first, later one of eight, for counting its bytes is not free. */
    synchronized boolean wantsMore() {
        return bytes < ENOUGH || (++turns * GOLDEN) >>> 61 == 0;
    }

    synchronized void learn(long moreBytes, long moreTokens) {
        if (bytes > MEMORY) {
            bytes /= 2;
            tokens /= 2;
        }
        bytes += moreBytes;
        tokens += moreTokens;
    }

    synchronized long tokens(long ofBytes) {
        return (long) Math.ceil(ofBytes * tokens / bytes);
    }
}
