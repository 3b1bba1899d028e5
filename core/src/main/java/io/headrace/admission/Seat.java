package io.headrace.admission;

import io.headrace.ErrorKind;
import io.headrace.ErrorText;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One key of a {@link KeyRing} with the resources that are its own: limits, cool-down, breaker. It takes of all of them or of
 * none. Like them it is pure arithmetic, called under the gate's lock.
 */
final class Seat {

    private final @Nullable ApiKey key;
    private final List<Resource> resources;
    private final @Nullable Consumer<ErrorKind> left;
    private @Nullable ErrorKind gone;
    private volatile @Nullable String lastError;

    /**
     * @param key null for the provider's own
     * @param left told when the key leaves the ring, and why, under the gate's lock; null for a key that never does
     */
    Seat(@Nullable ApiKey key, List<? extends Resource> resources, @Nullable Consumer<ErrorKind> left) {
        this.key = key;
        this.resources = List.copyOf(resources);
        this.left = left;
    }

    @Nullable
    ApiKey key() {
        return key;
    }

    List<Resource> resources() {
        return resources;
    }

    /** Its limits that are found by use; null when none are. */
    @Nullable
    AdaptiveLimits adaptive() {
        for (Resource resource : resources) {
            if (resource instanceof AdaptiveLimits limits) {
                return limits;
            }
        }
        return null;
    }

    /** Why the key left the ring: {@link ErrorKind#AUTHENTICATION} or {@link ErrorKind#QUOTA_EXHAUSTED}; null while it is in. */
    @Nullable
    ErrorKind gone() {
        return gone;
    }

    /** Puts a key that left back into the ring, and lets it be tried at once. */
    void tryAgain(long now) {
        gone = null;
        resources.forEach(resource -> resource.tryAgain(now));
    }

    /** Notes how an attempt failed, for the one who is told that waiting is of no use. */
    void failed(Throwable error) {
        lastError = ErrorText.message(error);
    }

    @Nullable
    String impossible(Demand demand) {
        for (Resource resource : resources) {
            String why = resource.impossible(demand);
            if (why != null) {
                return why;
            }
        }
        return null;
    }

    @Nullable
    ErrorKind shut(long now) {
        for (Resource resource : resources) {
            ErrorKind why = resource.shut(now);
            if (why != null) {
                return why;
            }
        }
        return null;
    }

    /** The longest wait that one of its resources asks for. */
    long waitNanos(Demand demand, long now) {
        long longest = 0;
        for (Resource resource : resources) {
            longest = Math.max(longest, resource.waitNanos(demand, now));
        }
        return longest;
    }

    /** How many attempts it lets out at a time. */
    int concurrency() {
        int least = gone != null ? 0 : Integer.MAX_VALUE;
        for (Resource resource : resources) {
            least = Math.min(least, resource.concurrency());
        }
        return least;
    }

    @Nullable
    String standstill(long now) {
        for (Resource resource : resources) {
            String why = resource.standstill(now);
            if (why != null) {
                String last = lastError;
                return last == null ? why : why + "; the last error: " + last;
            }
        }
        return null;
    }

    /** The name of the resource that {@code demand} waits for longest. */
    String binding(Demand demand, long now) {
        String name = "";
        long longest = -1;
        for (Resource resource : resources) {
            long wait = resource.waitNanos(demand, now);
            if (wait > longest) {
                longest = wait;
                name = resource.name();
            }
        }
        return name;
    }

    /** The share of its scarcest resource that is free, 1 for all of it. */
    double room(long now) {
        double least = 1;
        for (Resource resource : resources) {
            for (Level level : resource.levels(now)) {
                least = Math.min(least, level.limit() > 0 ? 1 - level.used() / level.limit() : 0);
            }
        }
        return least;
    }

    void take(Demand demand, long now) {
        for (Resource resource : resources) {
            resource.take(demand, now);
        }
    }

    /** Ends a reservation; an attempt that failed by the key takes it out of the ring. */
    void settle(Demand demand, Settlement end, long now) {
        for (Resource resource : resources) {
            resource.settle(demand, end, now);
        }
        ErrorKind error = end.error();
        if (left != null && gone == null && (error == ErrorKind.AUTHENTICATION || error == ErrorKind.QUOTA_EXHAUSTED)) {
            gone = error;
            left.accept(error);
        }
    }

    /**
     * Hears what a response said of the key's limits.
     *
     * @param taken when the attempt was taken that was answered so
     */
    void observe(ServerLimits limits, long taken, long now) {
        for (Resource resource : resources) {
            resource.observe(limits, taken, now);
        }
    }
}
