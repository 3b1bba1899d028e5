package io.headrace.model;

/** Tokens for each byte of text, learned from what answers report, newer ones counting more. Thread-safe. */
final class Calibration {

    /** Before anything is learned: English has about four bytes a token. */
    private static final double AT_FIRST = 0.25;

    /** As much as the first guess weighs, in bytes. */
    private static final double WEIGHT_AT_FIRST = 400;

    /** What is older than about this many bytes fades. */
    private static final double MEMORY = 1_000_000;

    private double bytes = WEIGHT_AT_FIRST;
    private double tokens = WEIGHT_AT_FIRST * AT_FIRST;

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
