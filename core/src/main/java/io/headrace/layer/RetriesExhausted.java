package io.headrace.layer;

/** Says, as a suppressed exception of a call's last error, how many attempts there were, how long, and why no more. */
final class RetriesExhausted extends RuntimeException {

    RetriesExhausted(String message) {
        super(message, null, false, false);
    }
}
