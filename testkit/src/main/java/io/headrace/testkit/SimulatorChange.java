package io.headrace.testkit;

import io.headrace.Require;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Something about a simulated provider that changes while it runs, or is so from its start. Immutable. */
public sealed interface SimulatorChange {

    /** The quota of each key that has none of its own. Every key is counted by itself. */
    static SimulatorChange quota(SimulatedQuota quota) {
        return new Quota("", "", quota);
    }

    /** The quota of one key, for all models that have none of their own. */
    static SimulatorChange keyQuota(String key, SimulatedQuota quota) {
        return new Quota(named("key", key), "", quota);
    }

    /**
     * The quota of each key for one model, counted apart from the others. A key's quota for a model comes before this, and this
     * before the quota of a key.
     */
    static SimulatorChange modelQuota(String model, SimulatedQuota quota) {
        return new Quota("", named("model", model), quota);
    }

    /** The quota of one key for one model, counted apart from its others. */
    static SimulatorChange keyModelQuota(String key, String model, SimulatedQuota quota) {
        return new Quota(named("key", key), named("model", model), quota);
    }

    /** All quotas multiplied, see {@link SimulatedQuota#times}. */
    static SimulatorChange timesQuotas(double factor) {
        return new TimesQuotas(factor);
    }

    /**
     * Every call is refused with 429, whatever its quota.
     *
     * @param lasting how long, from the change on; zero ends one that goes on
     * @param retryAfter the delay that each refusal names, null for none; it says nothing of the end
     */
    static SimulatorChange storm(Duration lasting, @Nullable Duration retryAfter) {
        return new Storm(lasting, retryAfter);
    }

    /** A key is good, was revoked, or has no credit any more. */
    static SimulatorChange key(String key, KeyState state) {
        return new Key(named("key", key), state);
    }

    /**
     * How many requests the provider works on at once, each for the latency. The others wait in the order of their coming, so that a
     * higher load brings longer times and no refusal.
     *
     * @param workers at least 1, or 0 for as many as come, which is so at the start
     */
    static SimulatorChange workers(int workers) {
        return new Workers(workers);
    }

    /** What an API key is good for. */
    enum KeyState {
        GOOD,
        /** 401, in the words for a wrong key. */
        REVOKED,
        /** 429 without a delay, in the words for credit or spend limits that are used up. */
        EXHAUSTED
    }

    /**
     * See {@link SimulatorChange#quota}.
     *
     * @param key empty for any
     * @param model empty for any
     */
    record Quota(String key, String model, SimulatedQuota quota) implements SimulatorChange {

        public Quota {
            Objects.requireNonNull(key, "key");
            Objects.requireNonNull(model, "model");
            Objects.requireNonNull(quota, "quota");
        }

        /** Without the key. */
        @Override
        public String toString() {
            return "Quota[model=" + model + ", quota=" + quota + "]";
        }
    }

    /** See {@link SimulatorChange#timesQuotas}. */
    record TimesQuotas(double factor) implements SimulatorChange {

        public TimesQuotas {
            if (!(factor > 0)) {
                throw new IllegalArgumentException("factor must be above 0, is " + factor);
            }
        }
    }

    /** See {@link SimulatorChange#storm}. */
    record Storm(Duration lasting, @Nullable Duration retryAfter) implements SimulatorChange {

        public Storm {
            Require.notNegative(lasting, "lasting");
            if (retryAfter != null) {
                Require.notNegative(retryAfter, "retryAfter");
            }
        }
    }

    /** See {@link SimulatorChange#key}. */
    record Key(String key, KeyState state) implements SimulatorChange {

        public Key {
            Objects.requireNonNull(key, "key");
            Objects.requireNonNull(state, "state");
        }

        /** Without the key. */
        @Override
        public String toString() {
            return "Key[state=" + state + "]";
        }
    }

    /** See {@link SimulatorChange#workers}. */
    record Workers(int workers) implements SimulatorChange {

        public Workers {
            Require.atLeast(0, workers, "workers");
        }
    }

    private static String named(String what, String name) {
        if (name.isBlank()) {
            throw new IllegalArgumentException("the " + what + " is empty");
        }
        return name;
    }
}
