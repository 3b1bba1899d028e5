package io.headrace.layer;

import java.util.Objects;
import java.util.Optional;

/**
 * Judges an answer before it is stored and again when it is read from the cache. Pure, quick and thread-safe.
 *
 * @param <R> the answer
 */
@FunctionalInterface
public interface Validator<R> {

    /**
     * What is wrong with {@code answer}; empty for a good one. Throwing says that it is bad, too. The text goes into
     * exceptions, logs and dead letters: say what is wrong, do not quote the answer.
     */
    Optional<String> problem(R answer);

    /** Finds every answer good. */
    static <R> Validator<R> none() {
        return answer -> Optional.empty();
    }

    /** Asks this validator and then, if it found nothing, {@code next}. */
    default Validator<R> and(Validator<? super R> next) {
        Objects.requireNonNull(next, "next");
        return answer -> {
            Optional<String> problem = problem(answer);
            return problem.isPresent() ? problem : next.problem(answer);
        };
    }
}
