package io.headrace.cache;

import java.util.List;

/**
 * Requests that ask for several answers at once, taken apart into samples and put together again. Pure and thread-safe.
 *
 * @param <Q> the request
 * @param <R> the answer
 */
public interface SeveralAnswers<Q, R> {

    /** How many answers {@code request} asks for, at least 1. */
    int count(Q request);

    /**
     * {@code request} for so many answers; for 1 the request that has the key of each of them.
     *
     * @param count at least 1
     */
    Q withCount(Q request, int count);

    /** The answers in {@code answer} in order, each as if asked for alone; what all of them used is on the first. */
    List<R> split(R answer);

    /** {@code answers}, at least one, as one answer that holds them in this order and sums up what they used. */
    R join(List<R> answers);

    /** For requests that ask for one answer each. */
    static <Q, R> SeveralAnswers<Q, R> none() {
        return new SeveralAnswers<>() {
            @Override
            public int count(Q request) {
                return 1;
            }

            @Override
            public Q withCount(Q request, int count) {
                return request;
            }

            @Override
            public List<R> split(R answer) {
                return List.of(answer);
            }

            @Override
            public R join(List<R> answers) {
                return answers.get(0);
            }
        };
    }
}
