package io.headrace.admission;

import org.jspecify.annotations.Nullable;

/** First in, first out, and out of the middle in constant time: a list linked through the permits. Not thread-safe. */
final class WaitingLine {

    private @Nullable Permit<?> first;
    private @Nullable Permit<?> last;
    private int size;

    int size() {
        return size;
    }

    void add(Permit<?> permit) {
        Permit<?> before = last;
        permit.before = before;
        last = permit;
        if (before == null) {
            first = permit;
        } else {
            before.after = permit;
        }
        size++;
    }

    @Nullable
    Permit<?> poll() {
        Permit<?> permit = first;
        if (permit != null) {
            remove(permit);
        }
        return permit;
    }

    /** Takes out {@code permit}, which must be in line. */
    void remove(Permit<?> permit) {
        Permit<?> before = permit.before;
        Permit<?> after = permit.after;
        if (before == null) {
            first = after;
        } else {
            before.after = after;
        }
        if (after == null) {
            last = before;
        } else {
            after.before = before;
        }
        permit.before = null;
        permit.after = null;
        size--;
    }
}
