package io.headrace.model;

import java.util.List;
import java.util.Objects;

/**
 * How likely a token of an answer was, and what else might have stood there.
 *
 * @param token its text; bytes that are no whole character are written as the provider writes them
 * @param logprob the natural logarithm of its probability, 0 or less
 * @param top the likeliest tokens at its place, as many as were asked for; theirs are empty
 */
public record TokenLogprob(String token, double logprob, List<TokenLogprob> top) {

    public TokenLogprob {
        Objects.requireNonNull(token, "token");
        top = List.copyOf(top);
    }

    public TokenLogprob(String token, double logprob) {
        this(token, logprob, List.of());
    }

    /** The numbers only: tokens are answers. */
    @Override
    public String toString() {
        return "TokenLogprob[" + logprob + ", " + top.size() + " others]";
    }
}
