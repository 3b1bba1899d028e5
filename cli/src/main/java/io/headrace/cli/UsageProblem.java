package io.headrace.cli;

/** Something that the person at the terminal can mend; the message says what, where and how. */
final class UsageProblem extends RuntimeException {

    UsageProblem(String message) {
        super(message);
    }

    UsageProblem(String message, Throwable cause) {
        super(message, cause);
    }

    /** What the library says is wrong, in its words. */
    static UsageProblem of(RuntimeException problem) {
        return new UsageProblem(String.valueOf(problem.getMessage()), problem);
    }
}
