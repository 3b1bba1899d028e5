package io.headrace.layer;

import io.headrace.ErrorText;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Asks a {@link Validator}, and tells one that is broken from an answer that is bad. */
final class Judgement {

    private Judgement() {}

    /** What {@code validator} says, or throws, about {@code answer}. */
    @SuppressWarnings({"OptionalAssignedToNull", "ConstantValue"}) // by those who know no contract
    static <R> Optional<String> of(Validator<? super R> validator, R answer) {
        Optional<String> problem;
        try {
            problem = validator.problem(answer);
        } catch (StackOverflowError | LinkageError e) { // Reactor would rethrow these and signal nothing
            throw new BrokenValidator("the validator failed: " + ErrorText.of(e), e);
        }
        if (problem == null) {
            throw new BrokenValidator(
                    "the validator returned null, for a good answer it must return Optional.empty()", null);
        }
        return problem;
    }

    /** The validator cannot judge any answer. */
    static final class BrokenValidator extends IllegalStateException {

        BrokenValidator(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }
}
