package io.headrace.admission;

import io.headrace.ErrorKind;
import io.headrace.Require;
import io.headrace.admission.Level.Origin;
import io.headrace.admission.ServerLimits.Allowance;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A limit on a rate, of which unused parts add up to a burst: requests per minute, tokens per minute. It reserves what a demand
 * asks for and settles what the attempt took; what was estimated too low is taken afterwards and leaves a debt that all wait for.
 *
 * <p>A demand above the burst, but within what a period brings, goes when the bucket is full and leaves a debt too. One above
 * both is impossible; but where only the server told the limit, and corrects what a bound on an answer took, it may well take
 * such a demand, and it goes.
 *
 * <p>A stated limit only ever falls by what the server says: to the server's limit while that is lower, and to what the server
 * says is left. Without a stated one there is no limit until the server tells it; then limit and level follow the server's word
 * up and down. What the server says may be old: it tells of a moment between the request and now. So the level falls only where
 * no such moment allows what it holds, and rises only to what is left after all reservations that were open at any such moment.
 */
public final class TokenBucket implements Resource {

    /**
     * By how much the journeys of two requests may differ without the server's bucket running dry before this one. It makes
     * the burst smaller by what comes in meanwhile, at most by a twentieth.
     */
    public static final Duration JITTER = Duration.ofSeconds(1);

    private final Charge charge;
    private final Duration jitter;
    private final Timeline settled = new Timeline();
    private @Nullable Rate stated;
    private @Nullable Rate told;
    private long toldTaken = Long.MIN_VALUE;
    private @Nullable Bucket bucket;
    private String name;
    private long most;
    private long open;

    private TokenBucket(Charge charge, @Nullable Rate stated, Duration jitter) {
        this.charge = Objects.requireNonNull(charge, "charge");
        this.jitter = Objects.requireNonNull(jitter, "jitter");
        this.stated = stated;
        Require.notNegative(jitter, "jitter");
        this.bucket = stated == null ? null : new Bucket(stated, jitter);
        this.name = nameOf(stated);
        this.most = stated == null ? Long.MAX_VALUE : stated.most();
    }

    /** A stated limit, with {@link #JITTER}. */
    public static TokenBucket of(Charge charge, Rate rate) {
        return of(charge, rate, JITTER);
    }

    /**
     * A stated limit.
     *
     * @param jitter see {@link #JITTER}; zero for none
     */
    public static TokenBucket of(Charge charge, Rate rate, Duration jitter) {
        return new TokenBucket(charge, Objects.requireNonNull(rate, "rate"), jitter);
    }

    /** The limit that the server tells, with {@link #JITTER}; none before. */
    public static TokenBucket ofServer(Charge charge) {
        return ofServer(charge, JITTER);
    }

    /**
     * The limit that the server tells; none before.
     *
     * @param jitter see {@link #JITTER}; zero for none
     */
    public static TokenBucket ofServer(Charge charge, Duration jitter) {
        return new TokenBucket(charge, null, jitter);
    }

    /** States another limit from now on. What is there stays, as far as the new burst holds it. */
    public void change(Rate rate, long now) {
        stated = Objects.requireNonNull(rate, "rate");
        use(now);
    }

    Charge charge() {
        return charge;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public @Nullable String impossible(Demand demand) {
        long asked = charge.reserved(demand);
        return asked <= most ? null : charge.tooMuch(asked, most, origin(), name);
    }

    @Override
    public long waitNanos(Demand demand, long now) {
        Bucket known = bucket;
        if (known == null) {
            return 0;
        }
        long asked = charge.reserved(demand);
        return asked > most ? UNTIL_SETTLED : known.waitNanos(asked, now);
    }

    @Override
    public void take(Demand demand, long now) {
        long asked = charge.reserved(demand);
        open += asked;
        if (bucket != null) {
            bucket.take(asked, now);
        }
    }

    @Override
    public void settle(Demand demand, Settlement end, long now) {
        long reserved = charge.reserved(demand);
        open -= reserved;
        if (stated == null) {
            settled.add(reserved, now);
        }
        if (bucket != null) {
            long actual = charge.taken(demand, end);
            if (actual >= reserved || (charge.isCorrected() && !end.isFree())) {
                bucket.correct(reserved, actual, now);
            } else {
                boolean refused = end.error() == ErrorKind.RATE_LIMITED;
                bucket.giveBack(reserved, actual, now - end.elapsed().toNanos(), refused, now);
            }
        }
    }

    @Override
    public void observe(ServerLimits limits, long taken, long now) {
        Allowance said = charge.of(limits);
        if (said == null) {
            return;
        }
        boolean first = bucket == null;
        if (taken >= toldTaken) {
            toldTaken = taken;
            told = Rate.of(said.limit(), said.period());
            use(now);
        }
        Bucket known = Objects.requireNonNull(bucket);
        long left = said.remaining() < 0 ? said.limit() : said.remaining();
        long unseen = open + settled.since(taken);
        if (first) {
            known.set(left - unseen, now);
        } else if (said.remaining() >= 0) {
            if (stated == null) {
                known.atLeast(left - unseen, now);
            }
            known.atMost(left, taken, now);
        }
    }

    @Override
    public List<Level> levels(long now) {
        if (bucket == null) {
            return List.of(new Level(name, open, Double.POSITIVE_INFINITY, Origin.SERVER));
        }
        Rate rate = bucket.rate();
        double share = bucket.used(now) / rate.burst();
        return List.of(new Level(name, share * rate.limit(), rate.limit(), origin()));
    }

    private void use(long now) {
        Rate rate = Objects.requireNonNull(rate());
        if (bucket == null) {
            bucket = new Bucket(rate, jitter);
            bucket.set(rate.burst() - open, now);
        } else if (!rate.equals(bucket.rate())) {
            bucket.change(rate, now);
        }
        name = nameOf(rate);
        most = mostOf(rate);
    }

    /** The lower one of what was stated and what the server tells. */
    private @Nullable Rate rate() {
        Rate own = stated;
        Rate server = told;
        if (own == null || server == null) {
            return own == null ? server : own;
        }
        return server.isBelow(own) ? server.withBurst(Math.min(server.burst(), own.burst())) : own;
    }

    private String nameOf(@Nullable Rate rate) {
        return charge.unit() + " per " + (rate == null ? "minute" : rate.periodName());
    }

    /** What a server corrects at the end may be more than it allows in a period at first: only the user's word forbids that. */
    private long mostOf(Rate rate) {
        if (charge.isCorrected() && origin() == Origin.SERVER) {
            return stated == null ? Long.MAX_VALUE : stated.most();
        }
        return rate.most();
    }

    private Origin origin() {
        return stated != null && stated.equals(rate()) ? Origin.STATED : Origin.SERVER;
    }
}
