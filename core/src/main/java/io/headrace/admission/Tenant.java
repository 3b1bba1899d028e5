package io.headrace.admission;

import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/** One tenant's line, linked through its places, so that one leaves from the middle in constant time. */
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
    Place<T> first;

    private @Nullable Place<T> last;
    private @Nullable Place<T> lastAgain;

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

    void charge(Place<T> place) {
        place.charged = this;
        onTheirWay += place.tokens;
        virtualTime += place.tokens / weight;
    }

    void settle(Place<T> place, long tokens) {
        place.charged = null;
        onTheirWay -= place.tokens;
        virtualTime += (tokens - place.tokens) / weight;
    }

    /** Where it would be without what is on its way. */
    double used() {
        return virtualTime - onTheirWay / weight;
    }

    void add(Place<T> place) {
        if (place.again) {
            insert(place, lastAgain, lastAgain == null ? first : lastAgain.after);
            lastAgain = place;
        } else {
            insert(place, last, null);
        }
    }

    private void insert(Place<T> place, @Nullable Place<T> before, @Nullable Place<T> after) {
        place.before = before;
        place.after = after;
        if (before == null) {
            first = place;
        } else {
            before.after = place;
        }
        if (after == null) {
            last = place;
        } else {
            after.before = place;
        }
    }

    void remove(Place<T> place) {
        Place<T> before = place.before;
        Place<T> after = place.after;
        if (place == lastAgain) {
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
        place.before = null;
        place.after = null;
    }
}
