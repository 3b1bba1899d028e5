package io.headrace.admission;

import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/** One tenant's line, linked through its entries, so that one leaves from the middle in constant time. */
final class Tenant<T> {

    /** The one that has had least for its weight comes first. */
    static <T> Comparator<Tenant<T>> furthestBack() {
        return Comparator.<Tenant<T>>comparingDouble(tenant -> tenant.virtualTime)
                .thenComparingLong(tenant -> tenant.arrival);
    }

    private final double weight;
    private final long arrival;
    double virtualTime;
    final String name;

    /** Tokens that it was charged for and that are not settled. */
    private long onTheirWay;

    @Nullable
    Entry<T> first;

    private @Nullable Entry<T> last;
    private @Nullable Entry<T> lastAgain;

    Tenant(String name, double weight, long arrival, double virtualTime) {
        this.name = name;
        this.weight = weight;
        this.arrival = arrival;
        this.virtualTime = virtualTime;
    }

    /** It comes back: as one that has used no less than {@code time} says. */
    void startFrom(double time) {
        virtualTime = Math.max(virtualTime, time + onTheirWay / weight);
    }

    void charge(Entry<T> entry) {
        entry.charged = this;
        onTheirWay += entry.tokens;
        virtualTime += entry.tokens / weight;
    }

    void settle(Entry<T> entry, long tokens) {
        entry.charged = null;
        onTheirWay -= entry.tokens;
        virtualTime += (tokens - entry.tokens) / weight;
    }

    /** Where it would be without what is on its way. */
    double used() {
        return virtualTime - onTheirWay / weight;
    }

    void add(Entry<T> entry) {
        if (entry.again) {
            insert(entry, lastAgain, lastAgain == null ? first : lastAgain.after);
            lastAgain = entry;
        } else {
            insert(entry, last, null);
        }
    }

    private void insert(Entry<T> entry, @Nullable Entry<T> before, @Nullable Entry<T> after) {
        entry.before = before;
        entry.after = after;
        if (before == null) {
            first = entry;
        } else {
            before.after = entry;
        }
        if (after == null) {
            last = entry;
        } else {
            after.before = entry;
        }
    }

    void remove(Entry<T> entry) {
        Entry<T> before = entry.before;
        Entry<T> after = entry.after;
        if (entry == lastAgain) {
            lastAgain = before;
        }
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
        entry.before = null;
        entry.after = null;
    }
}
