package io.headrace.layer;

/** Says how many attempts a call took, suppressed in an error of it that is no {@link io.headrace.ApiException}. */
final class RetriesExhausted extends RuntimeException {

    RetriesExhausted(String message) {
        super(message, null, false, false);
    }
}
