package io.headrace.admission;

import io.headrace.Priority;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Which of the waiting attempts goes next: by priority, then by fair shares between tenants, then in the order they came.
 *
 * <p>Shares are those of start-time fair queueing (Goyal, Vin, Cheng: Start-time Fair Queueing, SIGCOMM 1996), in tokens: each
 * tenant has a virtual time, which its demands move on by their tokens over its weight, and the tenant that is furthest back
 * goes next. What an attempt really used corrects its tenant afterwards. A tenant that comes anew starts where the others are, so
 * nobody saves up: there they are by what they have used, for what is on its way may turn out to be a small part of its demand.
 *
 * <p>A lower priority whose next attempt has waited for the time of ageing gets one turn in {@value #AGED_TURN}, however many
 * wait above it. Tenants cost memory only while they wait, or are ahead of those who do. Not thread-safe.
 *
 * @param <T> what waits
 */
final class FairQueue<T> {

    /** Every so many turns one goes to a lower priority that has waited for long. */
    static final int AGED_TURN = 10;

    /** The payer of entries without one. */
    private static final Object NOBODY = new Object();

    private final Map<Priority, Tier> tiers = new EnumMap<>(Priority.class);
    private final Map<String, Double> weights;
    private final long ageingNanos;
    /** How many of those in line each payer pays for. */
    private final Map<Object, Integer> payers = new HashMap<>();

    private int size;
    private int turnsOverAged;
    private long arrivals;

    /**
     * @param weights of tenants, 1 for those not named
     */
    FairQueue(Map<String, Double> weights, long ageingNanos) {
        this.weights = Map.copyOf(weights);
        this.ageingNanos = ageingNanos;
        for (Priority priority : Priority.values()) {
            tiers.put(priority, new Tier());
        }
    }

    int size() {
        return size;
    }

    /** Tenants that cost memory now. */
    int tenants() {
        return tiers.values().stream().mapToInt(tier -> tier.tenants.size()).sum();
    }

    /** Puts {@code entry} at the end of its tenant's line, or behind the others that go again at the head. */
    void add(Entry<T> entry) {
        tierOf(entry).add(entry);
        payers.merge(payer(entry), 1, Integer::sum);
        size++;
    }

    /** Takes out {@code entry}, which must be waiting, and forgets it. */
    void remove(Entry<T> entry) {
        tierOf(entry).remove(entry);
        left(entry);
    }

    /** Whose turn it is; it stays. */
    @Nullable
    Entry<T> peek(long now) {
        for (Tier tier : tiers.values()) {
            if (!tier.waiting.isEmpty()) {
                Tier aged = turnsOverAged < AGED_TURN - 1 ? null : agedBelow(tier, now);
                return aged == null ? tier.next() : aged.next();
            }
        }
        return null;
    }

    /** Takes out {@code entry}, which has its turn, and charges its tenant. */
    void admit(Entry<T> entry, long now) {
        Tier tier = tierOf(entry);
        if (overtakes(tier)) {
            turnsOverAged = 0;
        } else if (agedBelow(tier, now) != null) {
            turnsOverAged++;
        }
        tier.admit(entry);
        left(entry);
    }

    private void left(Entry<T> entry) {
        payers.computeIfPresent(payer(entry), (payer, entries) -> entries == 1 ? null : entries - 1);
        size--;
    }

    private static Object payer(Entry<?> entry) {
        return entry.payer == null ? NOBODY : entry.payer;
    }

    /** What was admitted has used {@code tokens}: its tenant is charged those instead of its demand, if it was charged that. */
    void settle(Entry<T> entry, long tokens) {
        tierOf(entry).settle(entry, tokens);
    }

    /** Whether the same one pays for all in line, or nobody. */
    boolean hasOnePayer() {
        return payers.size() <= 1;
    }

    /** Shows each entry in line to {@code visitor}, which may remove it. */
    void forEach(Consumer<Entry<T>> visitor) {
        for (Tier tier : tiers.values()) {
            for (Tenant<T> tenant : List.copyOf(tier.waiting)) {
                Entry<T> next = tenant.first;
                while (next != null) {
                    Entry<T> entry = next;
                    next = entry.after;
                    visitor.accept(entry);
                }
            }
        }
    }

    private boolean overtakes(Tier tier) {
        for (Tier other : tiers.values()) {
            if (other == tier) {
                return false;
            }
            if (!other.waiting.isEmpty()) {
                return true;
            }
        }
        return false;
    }

    /** The lower tier whose next ticket has waited longest, if that is long enough. */
    private @Nullable Tier agedBelow(Tier tier, long now) {
        Tier oldest = null;
        long since = now - ageingNanos;
        boolean below = false;
        for (Tier other : tiers.values()) {
            if (below && !other.waiting.isEmpty() && other.next().since - since <= 0) {
                oldest = other;
                since = other.next().since;
            }
            below |= other == tier;
        }
        return oldest;
    }

    private Tier tierOf(Entry<T> entry) {
        Tier tier = tiers.get(entry.priority);
        if (tier == null) {
            throw new IllegalStateException("no tier for " + entry.priority);
        }
        return tier;
    }

    /** The tenants of one priority. */
    private final class Tier {

        private final Map<String, Tenant<T>> tenants = new HashMap<>();
        private final TreeSet<Tenant<T>> waiting = new TreeSet<>(Tenant.furthestBack());
        private final TreeSet<Tenant<T>> ahead = new TreeSet<>(Tenant.furthestBack());
        private double virtualTime;

        Entry<T> next() {
            Entry<T> first = waiting.first().first;
            if (first == null) {
                throw new IllegalStateException("a tenant waits with nothing in line");
            }
            return first;
        }

        void add(Entry<T> entry) {
            Tenant<T> tenant = tenants.get(entry.tenant);
            if (tenant == null) {
                tenant = new Tenant<>(entry.tenant, weights.getOrDefault(entry.tenant, 1.0), arrivals++, virtualTime);
                tenants.put(entry.tenant, tenant);
            }
            if (tenant.first == null) {
                ahead.remove(tenant);
                tenant.startFrom(virtualTime);
                waiting.add(tenant);
            }
            tenant.add(entry);
        }

        void remove(Entry<T> entry) {
            Tenant<T> tenant = tenantOf(entry);
            tenant.remove(entry);
            if (tenant.first == null) {
                waiting.remove(tenant);
                rest(tenant);
            }
        }

        void admit(Entry<T> entry) {
            Tenant<T> tenant = tenantOf(entry);
            waiting.remove(tenant);
            tenant.remove(entry);
            virtualTime = Math.max(virtualTime, tenant.used());
            tenant.charge(entry);
            if (tenant.first == null) {
                rest(tenant);
            } else {
                waiting.add(tenant);
            }
        }

        void settle(Entry<T> entry, long tokens) {
            Tenant<T> tenant = entry.charged;
            if (tenant != null && tenants.get(tenant.name) == tenant) { // else it was forgotten, and owes nothing
                TreeSet<Tenant<T>> in = tenant.first == null ? ahead : waiting;
                in.remove(tenant);
                tenant.settle(entry, tokens);
                in.add(tenant);
            }
        }

        /** Keeps a tenant with nobody in line only as long as it is ahead of those who wait. */
        private void rest(Tenant<T> tenant) {
            if (waiting.isEmpty()) {
                tenants.clear();
                ahead.clear();
                virtualTime = 0;
                return;
            }
            ahead.add(tenant);
            while (!ahead.isEmpty() && ahead.first().virtualTime <= virtualTime) {
                tenants.remove(ahead.pollFirst().name);
            }
        }

        private Tenant<T> tenantOf(Entry<T> entry) {
            Tenant<T> tenant = tenants.get(entry.tenant);
            if (tenant == null) {
                throw new IllegalStateException("nobody of tenant '" + entry.tenant + "' is in line");
            }
            return tenant;
        }
    }
}
