package io.headrace.testkit;

/**
 * The simulator's own tokenizer: a run of letters and digits is one token for each 4 characters begun, any other character
 * that is not white space is one token. Close to real tokenizers for English, and easy to check by hand.
 */
final class Tokens {

    private static final int RUN = 4;

    private Tokens() {}

    static int count(String text) {
        return scan(text, Integer.MAX_VALUE)[0];
    }

    /** The longest start of {@code text} that has at most {@code limit} tokens. */
    static String head(String text, int limit) {
        return text.substring(0, scan(text, limit)[1]);
    }

    private static int[] scan(String text, int limit) {
        int tokens = 0;
        int run = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean begins;
            if (Character.isLetterOrDigit(c)) {
                begins = run % RUN == 0;
                run++;
            } else {
                begins = !Character.isWhitespace(c) && !Character.isLowSurrogate(c);
                run = 0;
            }
            if (begins && ++tokens > limit) {
                return new int[] {limit, i};
            }
        }
        return new int[] {tokens, text.length()};
    }
}
