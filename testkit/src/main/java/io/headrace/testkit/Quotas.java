package io.headrace.testkit;

import io.headrace.testkit.SimulatedQuota.Dimension;
import io.headrace.testkit.SimulatedQuota.OutputCharge;
import io.headrace.testkit.SimulatorChange.KeyState;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * What the provider allows whom, and what is left of it. Changes that are due take place before anything else is looked at, each
 * as if at its own time, so no timer is needed. Thread-safe.
 */
final class Quotas {

    /** Whose quota; an empty key or model stands for any in a rule, an empty model for all together in a key's limits. */
    private record Scope(String key, String model) {}

    private record Due(long atMicros, long number, SimulatorChange change) {}

    private final Clock clock;
    private final Instant started;
    private final Workers workers;
    private final Map<Scope, SimulatedQuota> rules = new HashMap<>();
    private final Map<Scope, KeyLimits> limits = new HashMap<>();
    private final Map<String, Traffic> traffic = new HashMap<>();
    private final Map<String, KeyState> keyStates = new HashMap<>();
    private final Queue<Due> schedule =
            new PriorityQueue<>(Comparator.comparingLong(Due::atMicros).thenComparingLong(Due::number));
    private long scheduled;
    private long nowMicros;
    private long stormEndMicros;
    private @Nullable Duration stormRetryAfter;
    private volatile boolean inForce;

    Quotas(Clock clock, Workers workers) {
        this.clock = clock;
        this.started = clock.instant();
        this.workers = workers;
    }

    synchronized void play(SimulatorScript script) {
        advance();
        for (SimulatorScript.Step step : script.steps()) {
            long after = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.EPOCH.plus(step.after()));
            schedule.add(new Due(nowMicros + after, scheduled++, step.change()));
        }
        inForce = true;
        advance();
    }

    /** Whether there ever was a quota or a script; before that nothing is counted. */
    boolean inForce() {
        return inForce;
    }

    synchronized KeyState keyState(String key) {
        advance();
        return keyStates.getOrDefault(key, KeyState.GOOD);
    }

    /** Lets a request in, or says why not. */
    synchronized Admission admit(String key, String model, Demand demand, OutputCharge usual) {
        advance();
        KeyLimits keyLimits = limits(key, model);
        OutputCharge charge = keyLimits.charge(usual);
        OverLimit over = nowMicros < stormEndMicros ? OverLimit.storm(stormRetryAfter) : keyLimits.take(demand, charge);
        Traffic keyTraffic = traffic.computeIfAbsent(key, any -> new Traffic());
        if (over != null) {
            keyTraffic.refused(second(), demand.input() + demand.output());
            return new Admission(over, produced -> {}, () -> {});
        }
        long reserved = demand.taken(Dimension.OUTPUT_TOKENS, charge);
        Traffic.Second second = keyTraffic.granted(second(), model, demand.input(), reserved);
        return new Admission(
                null,
                produced -> correct(keyLimits, keyTraffic, second, model, Demand.corrected(charge, reserved, produced)),
                () -> leave(keyLimits));
    }

    private synchronized void correct(
            KeyLimits keyLimits, Traffic keyTraffic, Traffic.Second second, String model, long outputTokens) {
        advance();
        keyLimits.refill(nowMicros);
        keyLimits.correct(outputTokens);
        keyTraffic.correct(second, model, outputTokens);
    }

    private synchronized void leave(KeyLimits keyLimits) {
        keyLimits.leave();
    }

    /** What answers to a key tell of its limits. */
    synchronized Map<Dimension, KeyLimits.State> state(String key, String model) {
        advance();
        return limits(key, model).state();
    }

    synchronized QuotaStatistics statistics(String key) {
        advance();
        Traffic known = traffic.get(key);
        return known == null ? QuotaStatistics.none() : known.snapshot(offered(key));
    }

    synchronized QuotaStatistics statistics() {
        advance();
        return traffic.keySet().stream().map(this::statistics).reduce(QuotaStatistics.none(), QuotaStatistics::plus);
    }

    private Map<Dimension, Double> offered(String key) {
        Map<Dimension, Double> offered = new EnumMap<>(Dimension.class);
        limits.forEach((scope, keyLimits) -> {
            if (scope.key().equals(key)) {
                keyLimits.refill(nowMicros);
                for (Dimension dimension : Dimension.values()) {
                    offered.merge(dimension, keyLimits.offered(dimension), Double::sum);
                }
            }
        });
        return offered;
    }

    /** The limits that rule a request, brought up to now. */
    private KeyLimits limits(String key, String model) {
        boolean isOfModel = rules.containsKey(new Scope(key, model)) || rules.containsKey(new Scope("", model));
        Scope scope = new Scope(key, isOfModel ? model : "");
        KeyLimits found = limits.computeIfAbsent(scope, any -> new KeyLimits(rule(scope), nowMicros));
        found.refill(nowMicros);
        return found;
    }

    private SimulatedQuota rule(Scope scope) {
        for (Scope each :
                new Scope[] {scope, new Scope("", scope.model()), new Scope(scope.key(), ""), new Scope("", "")}) {
            SimulatedQuota rule = rules.get(each);
            if (rule != null) {
                return rule;
            }
        }
        return SimulatedQuota.unlimited();
    }

    /** Goes on to the present, through all that was due by then. */
    private void advance() {
        // a clock that goes back stands still
        long present = Math.max(nowMicros, ChronoUnit.MICROS.between(started, clock.instant()));
        for (Due due = schedule.peek(); due != null && due.atMicros() <= present; due = schedule.peek()) {
            schedule.remove();
            nowMicros = Math.max(nowMicros, due.atMicros());
            apply(due.change());
        }
        nowMicros = present;
    }

    private void apply(SimulatorChange change) {
        if (change instanceof SimulatorChange.Quota quota) {
            rules.put(new Scope(quota.key(), quota.model()), quota.quota());
            changeLimits();
        } else if (change instanceof SimulatorChange.TimesQuotas times) {
            rules.replaceAll((scope, quota) -> quota.times(times.factor()));
            changeLimits();
        } else if (change instanceof SimulatorChange.Storm storm) {
            stormEndMicros = nowMicros + storm.lasting().toNanos() / 1_000;
            stormRetryAfter = storm.retryAfter();
        } else if (change instanceof SimulatorChange.Key key) {
            keyStates.put(key.key(), key.state());
        } else if (change instanceof SimulatorChange.Workers number) {
            workers.limit(number.workers());
        }
    }

    private void changeLimits() {
        limits.forEach((scope, keyLimits) -> keyLimits.change(rule(scope), nowMicros));
    }

    private long second() {
        return nowMicros / 1_000_000;
    }
}
