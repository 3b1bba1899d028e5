package io.headrace.batch;

/** Why a batch is not waited for any longer, and what becomes of the requests that it leaves without an answer. */
enum Withdrawal {
    /** It is wanted. */
    NONE,
    /** It was cancelled: they are given up, and may be parked anew. */
    CANCELLED,
    /** It took too long: they go online. */
    TOO_SLOW
}
