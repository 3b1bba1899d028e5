package io.headrace;

/** Which waiting call goes first; a gate serves a lower one a small share as long as a higher one waits. */
public enum Priority {
    /** Somebody waits for the answer. */
    INTERACTIVE,
    /** What is neither. */
    NORMAL,
    /** Nobody waits: the rows of a run. */
    BATCH
}
