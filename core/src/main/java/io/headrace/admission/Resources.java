package io.headrace.admission;

import io.headrace.ErrorKind;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What an attempt takes all of or none: the resources of a gate, or of one of its keys. Called under the gate's lock, as they are. */
class Resources {

    private final List<Resource> all;

    Resources(List<? extends Resource> all) {
        this.all = List.copyOf(all);
    }

    /** Its limits that are found by use; null when none are. */
    @Nullable
    AdaptiveLimits adaptive() {
        return first(resource -> resource instanceof AdaptiveLimits limits ? limits : null);
    }

    /** Its limit on the rate of {@code charge}, the gate's own before any that was given to it; null where there is none. */
    @Nullable
    TokenBucket bucket(Charge charge) {
        return first(resource -> resource instanceof TokenBucket bucket && bucket.charge() == charge ? bucket : null);
    }

    /** Why {@code demand} can never be granted, as the first of them says it; null when it can. */
    @Nullable
    String impossible(Demand demand) {
        for (Resource resource : all) { // asked for each attempt
            String why = resource.impossible(demand);
            if (why != null) {
                return why;
            }
        }
        return null;
    }

    @Nullable
    ErrorKind shut(long now) {
        return first(resource -> resource.shut(now));
    }

    @Nullable
    String standstill(long now) {
        return first(resource -> resource.standstill(now));
    }

    /** The time until one of them stands still, if nothing is settled before. */
    long standstillNanos(long now) {
        long shortest = Resource.UNTIL_SETTLED;
        for (Resource resource : all) {
            shortest = Math.min(shortest, resource.standstillNanos(now));
        }
        return shortest;
    }

    private <T> @Nullable T first(Function<Resource, @Nullable T> what) {
        for (Resource resource : all) {
            T said = what.apply(resource);
            if (said != null) {
                return said;
            }
        }
        return null;
    }

    /** The longest wait that one of them asks for. */
    long waitNanos(Demand demand, long now) {
        long longest = 0;
        for (Resource resource : all) {
            longest = Math.max(longest, resource.waitNanos(demand, now));
        }
        return longest;
    }

    /** The name of the one that {@code demand} waits for longest; empty if it waits for none of them. */
    String binding(Demand demand, long now) {
        String name = "";
        long longest = 0;
        for (Resource resource : all) {
            long wait = resource.waitNanos(demand, now);
            if (wait > longest) {
                longest = wait;
                name = resource.name();
            }
        }
        return name;
    }

    /** The share of the scarcest of them that is free, 1 for all of it. */
    double room(long now) {
        double least = 1;
        for (Resource resource : all) {
            for (Level level : resource.levels(now)) {
                least = Math.min(least, level.limit() > 0 ? 1 - level.used() / level.limit() : 0);
            }
        }
        return least;
    }

    void take(Demand demand, long now) {
        for (Resource resource : all) {
            resource.take(demand, now);
        }
    }

    void settle(Demand demand, Settlement end, long now) {
        for (Resource resource : all) {
            resource.settle(demand, end, now);
        }
    }

    /** @param taken when the attempt was taken whose answer said so */
    void observe(ServerLimits limits, long taken, long now) {
        for (Resource resource : all) {
            resource.observe(limits, taken, now);
        }
    }

    void tryAgain(long now) {
        for (Resource resource : all) {
            resource.tryAgain(now);
        }
    }

    /** How many attempts they let out at a time. */
    int concurrency() {
        int least = Integer.MAX_VALUE;
        for (Resource resource : all) {
            least = Math.min(least, resource.concurrency());
        }
        return least;
    }

    List<Level> levels(long now) {
        return all.stream().flatMap(resource -> resource.levels(now).stream()).toList();
    }
}
