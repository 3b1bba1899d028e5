package io.headrace.admission;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Sets up a {@link Gate}. Limits are those of one API key, unless said otherwise; every key gets its own. Not thread-safe.
 */
public final class GateBuilder {

    /** A limit that binds only after a refusal. */
    private static final double UNLIMITED = Double.MAX_VALUE;

    private final String name;
    private final List<Resource> shared = new ArrayList<>();
    private final List<Supplier<? extends Resource>> limits = new ArrayList<>();
    private final List<ApiKey> keys = new ArrayList<>();
    private final Map<String, Double> weights = new HashMap<>();
    private Duration ageing = Duration.ofSeconds(30);
    private Supplier<Scheduler> scheduler = Schedulers::parallel;
    private CoolDownSpec coolDown = CoolDownSpec.standard();
    private final Map<Charge, Rate> rates = new EnumMap<>(Charge.class);
    private @Nullable AdaptiveSpec adaptive;
    private boolean isAdaptive = true;
    private @Nullable LearnedStore store;
    private @Nullable BreakerSpec breaker = BreakerSpec.standard();
    private Consumer<? super GateEvent> listener = event -> {};
    private @Nullable Integer concurrency;
    private boolean pausesAtStandstill;

    GateBuilder(String name) {
        this.name = Objects.requireNonNull(name, "name");
    }

    /**
     * At most {@code max} attempts at a time over all keys; default no such limit. {@link Gate#concurrency} changes it.
     *
     * @throws IllegalArgumentException for less than 1
     */
    public GateBuilder concurrency(int max) {
        concurrency = Slots.checked(max);
        return this;
    }

    /**
     * Requests in a minute, evenly: at most a second's worth at once. For a provider that allows more at once say so by
     * {@link #rate}.
     *
     * @throws IllegalArgumentException for less than 1
     */
    public GateBuilder requestsPerMinute(long limit) {
        return rate(Charge.REQUESTS, evenly(limit));
    }

    /**
     * Tokens in a minute, evenly, counted as OpenAI does: the prompt, and the bound on the answer whether or not it is used up.
     *
     * @throws IllegalArgumentException for less than 1
     */
    public GateBuilder tokensPerMinute(long limit) {
        return rate(Charge.RESERVED_TOKENS, evenly(limit));
    }

    /** A limit on a rate, in place of the one that the server tells in its headers; the lower of both holds. */
    public GateBuilder rate(Charge charge, Rate rate) {
        rates.put(Objects.requireNonNull(charge, "charge"), Objects.requireNonNull(rate, "rate"));
        return this;
    }

    private static Rate evenly(long perMinute) {
        return Rate.perMinute(perMinute).withBurst(Math.max(1, perMinute / 60));
    }

    /**
     * How the limits are found that nobody told; default {@link AdaptiveSpec#standard()}, and with a stated
     * {@link #concurrency} no limit before the server's first refusal.
     */
    public GateBuilder adaptive(AdaptiveSpec adaptive) {
        this.adaptive = Objects.requireNonNull(adaptive, "adaptive");
        return this;
    }

    /**
     * Keeps to stated limits and to the server's headers only: what the server refuses nevertheless is asked again after the
     * {@linkplain #coolDown cool-down}, no slower. Refusals at random are not told from those of a limit then.
     */
    public GateBuilder notAdaptive() {
        isAdaptive = false;
        return this;
    }

    /**
     * Where to keep what is learned of each key's limits, for the next process. Building the gate reads a file of some hundred bytes
     * for each key. It is written at most every ten seconds while calls end, and by {@link Gate#keepLearned}. A stated
     * {@link #concurrency}, or {@link AdaptiveSpec#initial}, overrides it. Default nowhere.
     */
    public GateBuilder learnedIn(LearnedStore store) {
        this.store = Objects.requireNonNull(store, "store");
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

    /** When an endpoint that fails is left alone; default {@link BreakerSpec#standard()}. Each key has its own breaker. */
    public GateBuilder breaker(BreakerSpec breaker) {
        this.breaker = Objects.requireNonNull(breaker, "breaker");
        return this;
    }

    /** Goes on sending to an endpoint that fails. */
    public GateBuilder noBreaker() {
        this.breaker = null;
        return this;
    }

    /**
     * Pauses the gate, as {@link Gate#pause} does, when all its keys have left or the server has answered nothing for too long, see
     * {@link CoolDownSpec} and {@link BreakerSpec}: those in line stay there until {@link Gate#resume}, and so do calls that were
     * turned down for their account. Default: they fail, which stops a run with their items pending.
     */
    public GateBuilder pauseAtStandstill() {
        this.pausesAtStandstill = true;
        return this;
    }

    /** Told what happens to the gate, after its lock, on the thread where it happened; it is logged as a warning too. */
    public GateBuilder listener(Consumer<? super GateEvent> listener) {
        this.listener = Objects.requireNonNull(listener, "listener");
        return this;
    }

    /**
     * The API keys to send with, by turns as they have room; default the provider's own. A key that the server turns down, or whose
     * credit is gone, leaves the ring, and the others go on.
     *
     * @throws IllegalArgumentException for two keys of one name, or one key under two names: its limits would count twice
     */
    public GateBuilder keys(List<ApiKey> keys) {
        Set<String> names = new HashSet<>();
        Map<String, String> owners = new HashMap<>();
        for (ApiKey key : keys) {
            if (!names.add(key.name())) {
                throw new IllegalArgumentException("two API keys are called '" + key.name() + "'");
            }
            String owner = owners.put(key.value(), key.name());
            if (owner != null) {
                throw new IllegalArgumentException(
                        "'" + owner + "' and '" + key.name() + "' are the same API key: state it once");
            }
        }
        this.keys.clear();
        this.keys.addAll(keys);
        return this;
    }

    /**
     * How much {@code tenant} gets, in tokens, for each token of a tenant of weight 1, while both wait; default 1 for every tenant.
     *
     * @param weight from 0.000001 to 1,000,000
     * @throws IllegalArgumentException for another weight
     */
    public GateBuilder tenantWeight(String tenant, double weight) {
        if (!(weight >= 1e-6 && weight <= 1e6)) {
            throw new IllegalArgumentException(
                    "the weight of tenant '" + tenant + "' must be from 0.000001 to 1,000,000, not " + weight);
        }
        weights.put(Objects.requireNonNull(tenant, "tenant"), weight);
        return this;
    }

    /**
     * After waiting for so long, attempts of a lower priority get one turn in ten even though higher ones wait; default 30
     * seconds.
     *
     * @throws IllegalArgumentException for a negative time and for one above 10,000 days
     */
    public GateBuilder ageing(Duration ageing) {
        if (ageing.isNegative() || ageing.toDays() > 10_000) {
            throw new IllegalArgumentException("ageing must be from 0 to 10,000 days, not " + ageing);
        }
        this.ageing = ageing;
        return this;
    }

    /**
     * Whose time counts and where attempts start that waited for time to pass, taken when used; default {@code Schedulers::parallel}.
     * When it changes to one whose time is earlier, as from real to virtual time in tests, the gate goes on from where it was.
     */
    public GateBuilder scheduler(Supplier<Scheduler> scheduler) {
        this.scheduler = Objects.requireNonNull(scheduler, "scheduler");
        return this;
    }

    /** A gate of its own each time, but for what {@link #sharedLimit} was given. */
    public Gate build() {
        List<Resource> all = new ArrayList<>(shared);
        Slots slots = concurrency == null ? null : Slots.of(concurrency);
        if (slots != null) {
            all.add(0, slots);
        }
        GateEvents events = new GateEvents(listener);
        KeyRing ring = ring(events);
        return new Gate(
                name,
                scheduler,
                all,
                slots,
                ring,
                new FairQueue<>(weights, ageing.toNanos()),
                new Standstill(name, pausesAtStandstill, events),
                events,
                new GateMemory(name, ring, store, scheduler));
    }

    private KeyRing ring(GateEvents events) {
        if (keys.isEmpty()) {
            return new KeyRing(List.of(seat(null, events)));
        }
        return new KeyRing(keys.stream().map(key -> seat(key, events)).toList());
    }

    private Seat seat(@Nullable ApiKey key, GateEvents events) {
        String keyName = key == null ? "" : key.name();
        List<Resource> own = new ArrayList<>();
        AtomicReference<@Nullable String> lastError = new AtomicReference<>();
        Strays strays = new Strays();
        own.add(new CoolDown(coolDown, strays));
        for (Charge charge : Charge.values()) {
            Rate rate = rates.get(charge);
            if (rate != null) {
                own.add(TokenBucket.of(charge, rate));
            } else if (charge != Charge.TOKENS) {
                own.add(TokenBucket.ofServer(charge));
            }
        }
        limits.forEach(limit -> own.add(limit.get()));
        if (isAdaptive) {
            Learned learned = store == null ? Learned.NOTHING : store.read(name, key);
            own.add(new AdaptiveLimits(adaptiveSpec(), learned, scheduler.get().now(TimeUnit.MILLISECONDS), strays));
        }
        if (breaker != null) {
            own.add(Breaker.of(
                    breaker,
                    state -> events.add(new GateEvent.BreakerChanged(
                            name,
                            keyName,
                            state,
                            state == Breaker.State.OPEN ? Objects.requireNonNullElse(lastError.get(), "") : ""))));
        }
        boolean leaves = key != null || pausesAtStandstill; // a gate without keys lets every call find out for itself
        return new Seat(
                key, own, lastError, leaves ? why -> events.add(new GateEvent.KeyLeft(name, keyName, why)) : null);
    }

    private AdaptiveSpec adaptiveSpec() {
        if (adaptive != null) {
            return adaptive;
        }
        return concurrency == null
                ? AdaptiveSpec.standard()
                : AdaptiveSpec.standard().initial(UNLIMITED, UNLIMITED);
    }
}
