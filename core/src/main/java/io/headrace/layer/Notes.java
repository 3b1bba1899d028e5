package io.headrace.layer;

/** Adds what happened before to an error. */
final class Notes {

    /** An error that a call signals again and again, a constant for instance, must not grow for ever. */
    private static final int MOST = 4;

    private Notes() {}

    static void add(Throwable error, Throwable note) {
        if (error != note && error.getSuppressed().length < MOST) {
            error.addSuppressed(note);
        }
    }
}
