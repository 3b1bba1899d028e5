package io.headrace;

/**
 * How far a failed attempt got, which decides what it may have cost.
 *
 * <p>The order is the order of a request's life; a later state is never cheaper.
 */
public enum Delivery {
    /** No byte of the request reached the server: free, safe to repeat. */
    NOT_SENT,
    /** The server answered that it did not do the work: free, repeating is safe. */
    REFUSED,
    /** The request left and no whole answer came back: it may have been done and billed. */
    UNKNOWN,
    /** An answer came back whole and was turned down here: it was done and billed. */
    ANSWERED
}
