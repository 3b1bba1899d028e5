package io.headrace.provider.http;

import org.jspecify.annotations.Nullable;

/** What a provider's error answers mean, where the HTTP status alone does not say. Stateless. */
@FunctionalInterface
public interface ErrorRules {

    /**
     * Judges an error answer.
     *
     * @param status the HTTP status, also 200 for an error in the body of a success
     * @return null to judge by the status, as {@link Verdict#ofStatus} does
     */
    @Nullable
    Verdict judge(int status, ErrorBody body);

    /** What whoever gets the error may try, as the end of a sentence; empty for nothing. */
    default String hint(int status, ErrorBody body) {
        return "";
    }
}
