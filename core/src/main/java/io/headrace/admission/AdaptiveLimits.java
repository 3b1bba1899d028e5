package io.headrace.admission;

import io.headrace.Delivery;
import io.headrace.ErrorKind;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The limits of a provider that tells none: calls at once, requests and tokens per second, found by use. Each starts small,
 * doubles with every round trip while callers wait for it, and has no ceiling. A burst of refusals cuts once, to what the
 * server is known to have accepted, and after it the limits grow as CUBIC does (RFC 9438): back at once, then slowly about the
 * last limit, then faster, so that a higher one is found too.
 *
 * <p>Which of them the server counts is told by evidence. A number of calls at once is innocent once more were accepted than
 * were in flight at the refusal. Of requests and tokens it is the one whose amounts between two refusals are more alike; the
 * other then binds no more.
 *
 * <p>Some refusals have nothing to do with a limit. Evidence tells these too, and they cut nothing as long as their share stays what
 * it is ({@code Strays}).
 *
 * <p>Errors of the server stop all growth for a second. Latency that grows with the calls in flight makes fewer of them ({@code
 * LatencyGradient}). Refusals belong to a burst by when their attempts were sent, and never by a retry-after, so a long one cannot
 * freeze the limits; waiting for it is {@link CoolDown}'s work. Limits that the server states are kept elsewhere; here they bind only
 * once the server has refused in spite of them.
 *
 * <p>Not thread-safe, as every {@link Resource}.
 */
final class AdaptiveLimits implements Resource {

    /** The names of the limits in {@link #levels}. */
    static final String CONCURRENCY = "concurrency";

    static final String REQUESTS = "requests per second";
    static final String TOKENS = "tokens per second";

    private static final double SECOND = 1e9;

    /** After an error of the server nothing grows for so long. */
    private static final double STANDSTILL = 1;

    /** What a server states holds for so long. */
    private static final double STATED_FOR = 60;

    /** An hour: no wait for a rate is longer before it is asked for again. */
    private static final double LONGEST_WAIT = 3600 * SECOND;

    /** The slowest refusal is remembered for about as many refusals as this leaves something of. */
    private static final double FORGETS = 0.98;

    /** A probe that was silent for so many of the slowest refusals was not refused. */
    private static final double PATIENCE = 3;

    /** Estimates that differ less are equal (squared logarithm, 3 %). */
    private static final double UNLIKE = 0.001;

    /** A rate counts for the server if its estimates agree so many times better than the other's. */
    private static final double CLEARLY = 3;

    private static final double TYPICAL_TOKENS = 500;

    private final AdaptiveSpec spec;
    private final AdaptiveConcurrency concurrency;
    private final AdaptiveRate requests;
    private final AdaptiveRate tokens;
    private final Spacing spacing = new Spacing();
    private final LatencyGradient gradient = new LatencyGradient();
    private final Strays strays;

    private String binding = "limits";

    private double roundTrip;
    private double slowestRefusal = 0.1;
    /** When the last burst was noticed: refusals of attempts taken before belong to it. In nanoseconds, for they are compared exactly. */
    private long cutAt = Long.MIN_VALUE;

    private long accepted;
    private double growsFrom = Double.NEGATIVE_INFINITY;
    private double statedUntil = Double.NEGATIVE_INFINITY;
    private boolean cutByRates;

    /** The server refuses everything: one attempt at a time tries whether it still does. */
    private boolean collapsed;

    private long recoveredAt = Long.MIN_VALUE;

    /** When the first attempt since the last refusal went; NaN before. */
    private double probedAt = Double.NaN;

    /** Starts from nothing. */
    AdaptiveLimits() {
        this(AdaptiveSpec.standard(), Learned.NOTHING, 0);
    }

    /**
     * @param learned what an earlier process found, or {@link Learned#NOTHING}
     * @param nowMillis the time, in milliseconds since 1970, to tell how old that is
     */
    AdaptiveLimits(AdaptiveSpec spec, Learned learned, long nowMillis) {
        this(spec, learned, nowMillis, new Strays());
    }

    /**
     * @param strays shared with the {@link CoolDown} of the same key, which is settled before this
     */
    AdaptiveLimits(AdaptiveSpec spec, Learned learned, long nowMillis, Strays strays) {
        this.strays = strays;
        this.spec = Objects.requireNonNull(spec, "spec");
        concurrency = new AdaptiveConcurrency(spec.initialConcurrency());
        requests = new AdaptiveRate(spec.initialRate(), 1);
        tokens = new AdaptiveRate(Double.POSITIVE_INFINITY, TYPICAL_TOKENS);
        strays.search().begin();
        double trust = spec.trust(Duration.ofMillis(Math.max(0, nowMillis - learned.at())));
        if (trust > 0) {
            start(learned, trust);
        }
    }

    private void start(Learned learned, double trust) {
        if (learned.concurrency() != null) {
            double known = learned.concurrency();
            concurrency.learned(Math.max(Math.min(known, spec.initialConcurrency()), known * trust), known);
        }
        if (learned.requestsPerSecond() != null) {
            double known = learned.requestsPerSecond();
            requests.learned(Math.max(Math.min(known, spec.initialRate()), known * trust), known);
        }
        if (learned.tokensPerSecond() != null) {
            double known = learned.tokensPerSecond();
            tokens.learned(known * Math.max(trust, 0.25), known);
        }
    }

    /** The limit that bound when it was last asked, such as {@code learned concurrency}. */
    @Override
    public String name() {
        return "learned " + binding;
    }

    @Override
    public long waitNanos(Demand demand, long now) {
        double time = seconds(now);
        if (collapsed) {
            if (Double.isNaN(probedAt)) {
                return 0;
            }
            double silent = probedAt + PATIENCE * slowestRefusal - time;
            if (silent > 0) {
                return nanos(silent);
            }
            recover(now);
        }
        if (concurrency.isFull()) {
            concurrency.waitedFor();
            binding = CONCURRENCY;
            return UNTIL_SETTLED;
        }
        double wait = spacing.waitFor(time);
        if (wait > 0) {
            requests.waitedFor();
            tokens.waitedFor();
            binding = requests.cost(1) > 0 ? REQUESTS : TOKENS;
        }
        return nanos(wait);
    }

    @Override
    public void take(Demand demand, long now) {
        double time = seconds(now);
        boolean grows = time >= growsFrom && !collapsed;
        if (time > statedUntil) {
            requests.stated(Double.NaN);
            tokens.stated(Double.NaN);
        }
        strays.search().sent(tokens(demand), time, requests.limit());
        concurrency.take(time, roundTrip, grows);
        spacing.take(cost(demand), time);
        requests.take(1, time, roundTrip, grows);
        tokens.take(tokens(demand), time, roundTrip, grows);
        accepted++;
        if (Double.isNaN(probedAt)) {
            probedAt = time;
        }
    }

    @Override
    public void settle(Demand demand, Settlement end, long now) {
        double time = seconds(now);
        double elapsed = seconds(end.elapsed().toNanos());
        concurrency.release();
        if (end.error() == ErrorKind.RATE_LIMITED) {
            refused(demand, end.retryAfter() != null, now - end.elapsed().toNanos(), now);
        } else if (end.delivery() == Delivery.NOT_SENT) {
            accepted--;
            spacing.giveBack(cost(demand));
            requests.giveBack(1);
            tokens.giveBack(tokens(demand));
            if (collapsed) {
                probedAt = Double.NaN;
            }
        } else if (end.succeeded()) {
            roundTrip += (elapsed - roundTrip) / (roundTrip == 0 ? 1 : 8);
            if (collapsed && now - end.elapsed().toNanos() >= cutAt) {
                recover(now);
            }
            strays.answered();
            concurrency.answered();
            answered(elapsed, now);
        } else if (end.isFault() && time >= growsFrom) {
            growsFrom = time + STANDSTILL;
            if (spec.serverErrorFactor() < 1) {
                concurrency.dip(spec.serverErrorFactor());
            }
        }
    }

    @Override
    public void observe(ServerLimits limits, long taken, long now) {
        ServerLimits.Allowance byRequests = limits.requests();
        ServerLimits.Allowance byTokens = limits.tokens() != null ? limits.tokens() : limits.inputTokens();
        if (byRequests != null) {
            requests.stated(perSecond(byRequests));
            statedUntil = seconds(now) + STATED_FOR;
        }
        if (byTokens != null) {
            tokens.stated(perSecond(byTokens));
            statedUntil = seconds(now) + STATED_FOR;
        }
    }

    @Override
    public List<Level> levels(long now) {
        double time = seconds(now);
        return List.of(
                new Level(
                        CONCURRENCY,
                        concurrency.inFlight(),
                        bound(concurrency.limit(), concurrency.calls()),
                        Level.Origin.LEARNED),
                new Level(
                        REQUESTS,
                        requests.recent(time),
                        bound(requests.limit(), requests.limit()),
                        Level.Origin.LEARNED),
                new Level(TOKENS, tokens.recent(time), tokens.limit(), Level.Origin.LEARNED));
    }

    @Override
    public int concurrency() {
        return concurrency.calls();
    }

    /** What was found so far: the start of the next process. */
    Learned learned(long nowMillis) {
        return new Learned(nowMillis, orNull(concurrency.known()), orNull(requests.known()), orNull(tokens.known()));
    }

    /** Where both limits bind and it is not told which one counts, half of each: banked neither way, and right on average. */
    private double cost(Demand demand) {
        double byRequests = requests.cost(1);
        double byTokens = tokens.cost(tokens(demand));
        return byRequests > 0 && byTokens > 0 ? (byRequests + byTokens) / 2 : byRequests + byTokens;
    }

    /** A call that counts none counts as one: of nothing there are no ratios to tell limits and strays by. */
    private static double tokens(Demand demand) {
        return Math.max(1, demand.tokens());
    }

    private void refused(Demand demand, boolean hinted, long sent, long now) {
        slowestRefusal = Math.max(seconds(now - sent), slowestRefusal * FORGETS);
        boolean stray = strays.isPaid();
        boolean goesOn = strays.search().goesOn();
        strays.refused();
        strays.search().refused(tokens(demand), hinted, seconds(sent), seconds(now));
        if (sent < cutAt) {
            concurrency.refusedFurther();
            if (cutByRates) {
                requests.cutFurther(1);
                tokens.cutFurther(tokens(demand));
            }
            return;
        }
        accepted--;
        if (stray && !collapsed) {
            concurrency.passOver();
            requests.giveBack(1);
            tokens.giveBack(tokens(demand));
            return;
        }
        if (goesOn && !collapsed) {
            goOn(demand, seconds(sent));
            return;
        }
        boolean isFirst = cutAt == Long.MIN_VALUE;
        boolean isProbe = collapsed || sent <= recoveredAt;
        if (!isFirst && (accepted <= 0 || isProbe)) {
            collapse(seconds(sent));
        } else {
            cut(demand, seconds(sent), seconds(now));
        }
        accepted = 0;
        probedAt = Double.NaN;
        cutAt = now;
    }

    private void goOn(Demand demand, double sent) {
        concurrency.passOver();
        requests.goOn(1, sent);
        tokens.goOn(tokens(demand), sent);
        if (strays.search().hasGrown()) {
            strays.search().begin();
            strays.prove();
        }
    }

    private void collapse(double sent) {
        collapsed = true;
        cutByRates = false;
        concurrency.halve();
        requests.halve(sent);
        tokens.halve(sent);
    }

    private void recover(long now) {
        collapsed = false;
        recoveredAt = now;
        spacing.restart(seconds(now));
        concurrency.recover();
        requests.recover();
        tokens.recover();
    }

    private void cut(Demand demand, double sent, double time) {
        strays.search().end();
        AdaptiveConcurrency.Verdict verdict = concurrency.refused();
        cutByRates = verdict != AdaptiveConcurrency.Verdict.GUILTY;
        if (!cutByRates) {
            requests.acquit(sent);
            tokens.acquit(sent);
            return;
        }
        boolean found = requests.isFound() || tokens.isFound();
        boolean contradicts = found && requests.contradicts(1) && tokens.contradicts(tokens(demand));
        requests.cut(1, sent, time);
        tokens.cut(tokens(demand), sent, time);
        boolean soon = requests.isRefusedSoon() && tokens.isRefusedSoon();
        boolean proof = found
                ? strays.weigh(Math.min(requests.deviation(), tokens.deviation()), contradicts, soon)
                : requests.hasDoubled() && tokens.hasDoubled();
        if (found && requests.hasDeclined() && tokens.hasDeclined()) {
            strays.suspect();
        }
        if (!proof && found && strays.searchAgain()) {
            cutByRates = false;
            requests.searchAgain();
            tokens.searchAgain();
            requests.release(false);
            tokens.release(false);
        }
        requests.suspect(strays.areSuspected());
        tokens.suspect(strays.areSuspected());
        if (proof) {
            strays.prove();
            cutByRates = false;
            requests.forget();
            tokens.forget();
            return;
        }
        requests.release(isInnocent(requests, tokens));
        tokens.release(isInnocent(tokens, requests));
    }

    private static boolean isInnocent(AdaptiveRate one, AdaptiveRate other) {
        return one.spread() > UNLIKE && other.spread() * CLEARLY < one.spread();
    }

    private void answered(double elapsed, long now) {
        double limit = gradient.answered(elapsed, concurrency.inFlight() + 1, concurrency.limit(), seconds(now));
        if (limit != LatencyGradient.KEEP) {
            concurrency.reduceTo(limit);
        }
    }

    /** A number that binds nothing, as before a first refusal, is no limit. */
    private static double bound(double limit, double told) {
        return limit >= Double.MAX_VALUE ? Double.POSITIVE_INFINITY : told;
    }

    private static double perSecond(ServerLimits.Allowance allowance) {
        return (double) allowance.limit() / seconds(allowance.period().toNanos());
    }

    private static @Nullable Double orNull(double known) {
        return known > 0 && known < Double.POSITIVE_INFINITY ? known : null;
    }

    private static double seconds(long nanos) {
        return (double) nanos / SECOND;
    }

    private static long nanos(double seconds) {
        return (long) Math.min(LONGEST_WAIT, Math.rint(seconds * SECOND));
    }
}
