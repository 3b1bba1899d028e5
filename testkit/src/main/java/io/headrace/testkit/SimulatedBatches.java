package io.headrace.testkit;

import io.headrace.Require;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * How a simulated provider works on batches: how long, up to what size, and what becomes of single requests. Time is that of the
 * provider's clock, and nothing needs to wait for it: what a batch is at any moment follows from when it was made. Immutable; each
 * setter gives a changed copy.
 */
public final class SimulatedBatches {

    /** What becomes of a request whose turn came. */
    public enum Fate {
        /** As an online one: an answer, or the error that it earns. */
        ANSWERED,
        /** Refused as wrong. */
        REFUSED,
        /** Failed by the server. */
        FAILED,
        /** No line tells of it, though the counts say that it was answered. */
        MISSING,
        /** Two lines tell of it. */
        DOUBLED,
        /** Its line breaks off. */
        MALFORMED
    }

    /** Batches that are done at once and answer every request. */
    public static final SimulatedBatches DEFAULT = new SimulatedBatches();

    Duration delay = Duration.ZERO;
    Duration window = Duration.ofHours(24);
    Duration cancelDelay = Duration.ZERO;
    long maxRequests;
    long maxBytes;
    long enqueuedTokens = Long.MAX_VALUE;
    long queuedRequests = Long.MAX_VALUE;
    boolean files = true;

    @Nullable
    String resultsHost;

    @Nullable
    String failureCode;

    String failureMessage = "";
    private Map<Fate, Double> shares = Map.of();
    private Function<String, @Nullable Fate> fates = customId -> null;

    private SimulatedBatches() {}

    private SimulatedBatches(SimulatedBatches from) {
        this.delay = from.delay;
        this.window = from.window;
        this.cancelDelay = from.cancelDelay;
        this.maxRequests = from.maxRequests;
        this.maxBytes = from.maxBytes;
        this.enqueuedTokens = from.enqueuedTokens;
        this.queuedRequests = from.queuedRequests;
        this.files = from.files;
        this.resultsHost = from.resultsHost;
        this.failureCode = from.failureCode;
        this.failureMessage = from.failureMessage;
        this.shares = from.shares;
        this.fates = from.fates;
    }

    /** Time from the making of a batch to its end, at least 0, the default. Its requests are done one by one in the middle of it. */
    public SimulatedBatches delay(Duration delay) {
        SimulatedBatches copy = new SimulatedBatches(this);
        copy.delay = Require.notNegative(delay, "delay");
        return copy;
    }

    /** Time after which a batch expires and keeps what is done by then; 24 hours by default. */
    public SimulatedBatches window(Duration window) {
        SimulatedBatches copy = new SimulatedBatches(this);
        copy.window = Require.notNegative(window, "window");
        return copy;
    }

    /** Time from a cancel to the end of the batch, at least 0, the default. */
    public SimulatedBatches cancelDelay(Duration cancelDelay) {
        SimulatedBatches copy = new SimulatedBatches(this);
        copy.cancelDelay = Require.notNegative(cancelDelay, "cancelDelay");
        return copy;
    }

    /** Most requests and bytes of one batch; 0, the default, for those of the provider. */
    public SimulatedBatches limits(long maxRequests, long maxBytes) {
        SimulatedBatches copy = new SimulatedBatches(this);
        copy.maxRequests = maxRequests;
        copy.maxBytes = maxBytes;
        return copy;
    }

    /** Most prompt tokens of one model in batches that have not ended, where more make a batch of OpenAI fail; no limit by default. */
    public SimulatedBatches enqueuedTokens(long enqueuedTokens) {
        SimulatedBatches copy = new SimulatedBatches(this);
        copy.enqueuedTokens = enqueuedTokens;
        return copy;
    }

    /** Most requests in batches that have not ended, where Anthropic refuses a batch with more; no limit by default. */
    public SimulatedBatches queuedRequests(long queuedRequests) {
        SimulatedBatches copy = new SimulatedBatches(this);
        copy.queuedRequests = queuedRequests;
        return copy;
    }

    /** Batches that end without any file of results, whatever became of their requests. */
    public SimulatedBatches withoutFiles() {
        SimulatedBatches copy = new SimulatedBatches(this);
        copy.files = false;
        return copy;
    }

    /** Scheme, host and port that results are said to be at, such as those of another server; by default where they are. */
    public SimulatedBatches resultsHost(String resultsHost) {
        SimulatedBatches copy = new SimulatedBatches(this);
        copy.resultsHost = Objects.requireNonNull(resultsHost, "resultsHost");
        return copy;
    }

    /** Batches of OpenAI fail as a whole, with this error. */
    public SimulatedBatches failing(String code, String message) {
        SimulatedBatches copy = new SimulatedBatches(this);
        copy.failureCode = Objects.requireNonNull(code, "code");
        copy.failureMessage = Objects.requireNonNull(message, "message");
        return copy;
    }

    /** That share of requests, 0 to 1, meets {@code fate}. Which ones depends on the provider's seed, and on their custom ids. */
    public SimulatedBatches share(Fate fate, double share) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("share must be 0 to 1, is " + share);
        }
        SimulatedBatches copy = new SimulatedBatches(this);
        Map<Fate, Double> all = new EnumMap<>(Fate.class);
        all.putAll(shares);
        all.put(fate, share);
        copy.shares = all;
        return copy;
    }

    /** What becomes of the request with a custom id; null leaves it to the shares. */
    public SimulatedBatches fates(Function<String, @Nullable Fate> fates) {
        SimulatedBatches copy = new SimulatedBatches(this);
        copy.fates = Objects.requireNonNull(fates, "fates");
        return copy;
    }

    /**
     * @param luck evenly from 0 to 1
     */
    Fate fate(String customId, double luck) {
        Fate told = fates.apply(customId);
        if (told != null) {
            return told;
        }
        double left = luck;
        for (Map.Entry<Fate, Double> each : shares.entrySet()) {
            if (left < each.getValue()) {
                return each.getKey();
            }
            left -= each.getValue();
        }
        return Fate.ANSWERED;
    }
}
