package io.headrace.admission;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import java.util.List;
import java.util.Objects;
import java.util.StringJoiner;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The keys of a gate. An attempt goes with the key that has the most room, by turns among equals; it waits as long as the key
 * that is free first. A key whose account refuses it leaves the ring, and the others go on. A gate without stated keys has one
 * seat, the provider's own key.
 *
 * <p>Pure arithmetic, called under the gate's lock, in the manner of a {@link Resource}: asks with {@link #waitNanos} and takes
 * right after it gave 0.
 */
final class KeyRing {

    private final List<Seat> seats;
    private @Nullable Seat chosen;
    private int next;

    /**
     * @throws IllegalArgumentException for no seat
     */
    KeyRing(List<Seat> seats) {
        this.seats = List.copyOf(seats);
        if (this.seats.isEmpty()) {
            throw new IllegalArgumentException("a ring needs at least one seat");
        }
    }

    /** All seats as they were stated, those that left included. */
    List<Seat> seats() {
        return seats;
    }

    /** Why {@code demand} can never be granted by any key that is left, as the first of them says it; null when it can. */
    @Nullable
    String impossible(Demand demand) {
        return firstOfAll(seat -> seat.impossible(demand));
    }

    /** Why no key that is left admits anybody for the time being, as the first of them says it; null when one does. */
    @Nullable
    ErrorKind shut(long now) {
        return firstOfAll(seat -> seat.shut(now));
    }

    /** Why waiting for any key that is left is of no use, as the first of them says it; null while it is of use for one. */
    @Nullable
    String standstill(long now) {
        return firstOfAll(seat -> seat.standstill(now));
    }

    /** The time until all keys that are left stand still, if nothing is settled before. */
    long standstillNanos(long now) {
        long longest = 0;
        for (Seat seat : seats) {
            longest = seat.gone() == null ? Math.max(longest, seat.standstillNanos(now)) : longest;
        }
        return longest;
    }

    /** What the first seat that is left says, if all of them say something; else null. */
    private <T> @Nullable T firstOfAll(Function<Seat, @Nullable T> reason) {
        T first = null;
        for (Seat seat : seats) {
            if (seat.gone() == null) {
                T why = reason.apply(seat);
                if (why == null) {
                    return null;
                }
                first = first == null ? why : first;
            }
        }
        return first;
    }

    /**
     * How long {@code demand} must wait for a key at the least: 0 when one can take it now, {@link Resource#UNTIL_SETTLED}
     * when no time is known or no key is left. Reserves nothing.
     */
    long waitNanos(Demand demand, long now) {
        long shortest = Resource.UNTIL_SETTLED;
        double most = Double.NEGATIVE_INFINITY;
        chosen = null;
        for (int i = 0; i < seats.size(); i++) {
            Seat seat = seats.get((next + i) % seats.size());
            if (seat.gone() != null) {
                continue;
            }
            long wait = seat.waitNanos(demand, now);
            shortest = Math.min(shortest, wait);
            if (wait == 0) {
                double room = seats.size() == 1 ? 1 : seat.room(now);
                if (chosen == null || room > most) { // whatever a resource tells of its level
                    most = room;
                    chosen = seat;
                }
            }
        }
        return shortest;
    }

    /** How many attempts all keys that are left let out at a time. */
    int concurrency() {
        long sum = 0;
        for (Seat seat : seats) {
            sum += seat.concurrency();
        }
        return (int) Math.min(sum, Integer.MAX_VALUE);
    }

    /** The name of the resource that {@code demand} waits for with the key that is free first. */
    String binding(Demand demand, long now) {
        String name = "API keys";
        long shortest = Resource.UNTIL_SETTLED;
        for (Seat seat : seats) {
            long wait = seat.gone() == null ? seat.waitNanos(demand, now) : Resource.UNTIL_SETTLED;
            if (seat.gone() == null && wait <= shortest) {
                shortest = wait;
                name = seat.binding(demand, now);
            }
        }
        return name;
    }

    /** Reserves {@code demand} with the key that {@link #waitNanos} found, which gave 0 for it just before. */
    Seat take(Demand demand, long now) {
        Seat seat = Objects.requireNonNull(chosen, "no key was found for it");
        chosen = null;
        next = (seats.indexOf(seat) + 1) % seats.size();
        seat.take(demand, now);
        return seat;
    }

    /**
     * Puts the keys that left back, as after their account was topped up, and lets each be tried at once.
     *
     * @param all whether the others are tried at once, too
     */
    void tryAgain(long now, boolean all) {
        for (Seat seat : seats) {
            if (all || seat.gone() != null) {
                seat.tryAgain(now);
            }
        }
    }

    /** Why nobody can go now or after any wait: all keys have left, or are at a standstill. Null while waiting is of use. */
    @Nullable
    ApiException hopeless(long now) {
        ApiException gone = gone();
        String standstill = gone == null ? standstill(now) : null;
        return standstill == null
                ? gone
                : ApiException.builder(ErrorKind.UNAVAILABLE, standstill)
                        .delivery(Delivery.NOT_SENT)
                        .build();
    }

    /** The error of every call when all keys have left, with the reason of each; null while one is in. */
    @Nullable
    ApiException gone() {
        StringJoiner reasons = new StringJoiner(", ");
        ErrorKind kind = ErrorKind.AUTHENTICATION;
        for (Seat seat : seats) {
            ApiKey key = seat.key();
            ErrorKind why = seat.gone();
            if (why == null) {
                return null;
            }
            String name = key == null ? "the provider's own" : "'" + key.name() + "'";
            if (why == ErrorKind.QUOTA_EXHAUSTED) {
                kind = why;
                reasons.add(name + " has used up its credit or spend limit");
            } else {
                reasons.add(name + " was refused");
            }
        }
        return ApiException.builder(kind, "no API key is left: " + reasons + "; renew them, then resume the gate")
                .delivery(Delivery.NOT_SENT)
                .build();
    }
}
