package io.headrace.run;

import io.headrace.ErrorKind;

/** What the journal says of a row, as a small number: pending, ok, skipped, or failed by one kind of error. */
final class RowStatus {

    static final int PENDING = 0;
    static final int OK = 1;
    static final int SKIPPED = 2;
    /** Failed by the first kind; the others follow in their order. */
    static final int FAILED = 3;

    private static final ErrorKind[] KINDS = ErrorKind.values();

    /** How many statuses there are. */
    static final int COUNT = FAILED + KINDS.length;

    private RowStatus() {}

    @SuppressWarnings("EnumOrdinal") // lives in memory only: the journal writes labels
    static int failed(ErrorKind kind) {
        return FAILED + kind.ordinal();
    }

    static boolean isFailed(int status) {
        return status >= FAILED;
    }

    /** Why a row of that failed status failed. */
    static ErrorKind kind(int status) {
        return KINDS[status - FAILED];
    }
}
