package io.headrace.admission;

import io.headrace.ErrorKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Sets up a {@link Gate}. Limits are those of one API key, unless said otherwise; every key gets its own. Not thread-safe.
 */
public final class GateBuilder {

    private static final Logger LOG = LoggerFactory.getLogger(Gate.class);

    private final String name;
    private final List<Resource> shared = new ArrayList<>();
    private final List<Supplier<? extends Resource>> limits = new ArrayList<>();
    private final List<ApiKey> keys = new ArrayList<>();
    private final Map<String, Double> weights = new HashMap<>();
    private Duration ageing = Duration.ofSeconds(30);
    private Supplier<Scheduler> scheduler = Schedulers::parallel;
    private CoolDownSpec coolDown = CoolDownSpec.standard();
    private @Nullable Slots slots;

    GateBuilder(String name) {
        this.name = Objects.requireNonNull(name, "name");
    }

    /**
     * At most {@code max} attempts at a time over all keys; default no such limit. {@link Gate#concurrency} changes it.
     *
     * @throws IllegalArgumentException for less than 1
     */
    public GateBuilder concurrency(int max) {
        slots = Slots.of(max);
        return this;
    }

    /** A limit that all keys share. */
    public GateBuilder sharedLimit(Resource limit) {
        shared.add(Objects.requireNonNull(limit, "limit"));
        return this;
    }

    /** A limit that each key has for itself; {@code limit} is asked once for each. */
    public GateBuilder limit(Supplier<? extends Resource> limit) {
        limits.add(Objects.requireNonNull(limit, "limit"));
        return this;
    }

    /** How long a key is left alone that the server refused; default {@link CoolDownSpec#standard()}. */
    public GateBuilder coolDown(CoolDownSpec coolDown) {
        this.coolDown = Objects.requireNonNull(coolDown, "coolDown");
        return this;
    }

    /**
     * The API keys to send with, by turns as they have room; default the provider's own. A key that the server turns down, or whose
     * credit is gone, leaves the ring, and the others go on.
     *
     * @throws IllegalArgumentException for two keys of one name
     */
    public GateBuilder keys(List<ApiKey> keys) {
        Set<String> names = new HashSet<>();
        for (ApiKey key : keys) {
            if (!names.add(key.name())) {
                throw new IllegalArgumentException("two API keys are called '" + key.name() + "'");
            }
        }
        this.keys.clear();
        this.keys.addAll(keys);
        return this;
    }

    /**
     * How much {@code tenant} gets, in tokens, for each token of a tenant of weight 1, while both wait; default 1 for every tenant.
     *
     * @param weight positive
     */
    public GateBuilder tenantWeight(String tenant, double weight) {
        if (!(weight > 0 && weight < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("the weight of tenant '" + tenant + "' must be positive, not " + weight);
        }
        weights.put(Objects.requireNonNull(tenant, "tenant"), weight);
        return this;
    }

    /**
     * After waiting for so long, attempts of a lower priority get one turn in ten even though higher ones wait; default 30
     * seconds.
     */
    public GateBuilder ageing(Duration ageing) {
        this.ageing = Objects.requireNonNull(ageing, "ageing");
        return this;
    }

    /** Whose time counts and where attempts start that waited for time to pass, taken when used; default {@code Schedulers::parallel}. */
    public GateBuilder scheduler(Supplier<Scheduler> scheduler) {
        this.scheduler = Objects.requireNonNull(scheduler, "scheduler");
        return this;
    }

    public Gate build() {
        List<Resource> all = new ArrayList<>(shared);
        if (slots != null) {
            all.add(0, slots);
        }
        return new Gate(name, scheduler, all, slots, ring(), new FairQueue<>(weights, ageing.toNanos()));
    }

    private KeyRing ring() {
        if (keys.isEmpty()) {
            return new KeyRing(List.of(seat(null)));
        }
        return new KeyRing(keys.stream().map(this::seat).toList());
    }

    private Seat seat(@Nullable ApiKey key) {
        List<Resource> own = new ArrayList<>();
        own.add(new CoolDown(coolDown));
        limits.forEach(limit -> own.add(limit.get()));
        return new Seat(key, own, this::left);
    }

    private void left(ApiKey key, ErrorKind why) {
        LOG.warn("gate '{}': API key '{}' left the ring: {}", name, key.name(), why.label());
    }
}
