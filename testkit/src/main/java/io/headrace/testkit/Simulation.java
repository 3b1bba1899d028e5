package io.headrace.testkit;

import io.headrace.testkit.SimulatorChange.KeyState;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** What the exchanges of one simulated provider share. Thread-safe. */
final class Simulation {

    /** Spreads seeds over all bits; from the golden ratio, as SplittableRandom itself does. */
    private static final long SPREAD = 0x9E3779B97F4A7C15L;

    final Counters counters = new Counters();
    final Occurrences occurrences;
    final FaultScript script;
    private final KeywordModel model = new KeywordModel();
    private final PromptCache promptCache = new PromptCache();
    private final boolean answerOccurrences;
    private final long seed;
    private final Latency latency;
    final Duration streamPace;
    private final boolean requireKey;
    private final Set<String> keys;
    private final Set<String> models;
    private final int keepRequests;
    private final @Nullable RequestLog log;
    private final Clock clock;
    final Workers workers = new Workers();
    final Quotas quotas;
    final boolean limitHeaders;
    private final Deque<SimulatedRequest> kept = new ArrayDeque<>();
    private final AtomicLong requestIds = new AtomicLong();

    Simulation(SimulatedProvider.Builder builder, @Nullable RequestLog log) {
        this.occurrences = new Occurrences(builder.countOccurrences);
        this.script = new FaultScript(builder.faultRate, builder.faultMixture);
        this.answerOccurrences = builder.answerOccurrences;
        this.seed = builder.seed;
        this.latency = builder.latency;
        this.streamPace = builder.streamPace;
        this.requireKey = builder.requireKey;
        this.keys = builder.keys;
        this.models = builder.models;
        this.keepRequests = builder.keepRequests;
        this.log = log;
        this.clock = builder.clock;
        this.quotas = new Quotas(clock, workers);
        this.limitHeaders = builder.limitHeaders;
        if (!builder.script.steps().isEmpty()) {
            quotas.play(builder.script);
        }
    }

    Wire.@Nullable Problem checkKey(Wire wire, @Nullable String key) {
        if (key == null) {
            return requireKey ? wire.keyMissing() : null;
        }
        boolean isGood = (keys.isEmpty() || keys.contains(key)) && quotas.keyState(key) != KeyState.REVOKED;
        return isGood ? null : wire.keyUnknown();
    }

    Instant now() {
        return clock.instant();
    }

    PromptCache promptCache() {
        return promptCache;
    }

    Wire.@Nullable Problem checkModel(Wire wire, String model) {
        return models.isEmpty() || models.contains(model) ? null : wire.modelUnknown(model);
    }

    /** Random numbers that depend on the seed, the body and its occurrence only. */
    SplittableRandom random(SimulatedRequest request) {
        return new SplittableRandom((seed * SPREAD) ^ (request.bodyDigest().a() + request.occurrence()));
    }

    Duration latency(SplittableRandom random) {
        return latency.draw(random);
    }

    /** The occasion of the {@code number}-th answer to a body; its ids depend on seed, body and number only. */
    Question.Occasion occasion(SimulatedRequest request, int number, boolean isOfBatch) {
        return new Question.Occasion(
                model,
                answerOccurrences ? number : 0,
                clock.millis() / 1000,
                new SplittableRandom((seed * SPREAD) ^ (request.bodyDigest().b() + number)),
                promptCache,
                models,
                isOfBatch);
    }

    String nextRequestId() {
        return "req_" + HexFormat.of().toHexDigits(requestIds.incrementAndGet());
    }

    boolean logs() {
        return log != null;
    }

    /**
     * @param work tokens that were worked on, null for none
     */
    void log(String path, @Nullable SimulatedRequest request, String outcome, int status, @Nullable Demand work) {
        if (log != null) {
            String digest = request == null ? "" : request.digest();
            int occurrence = request == null ? 0 : request.occurrence();
            long input = work == null ? 0 : work.input();
            long output = work == null ? 0 : work.output();
            log.append(new RequestLog.Entry(clock.instant(), path, digest, occurrence, outcome, status, input, output));
        }
    }

    void keep(SimulatedRequest request) {
        if (keepRequests == 0) {
            return;
        }
        synchronized (kept) {
            if (kept.size() == keepRequests) {
                kept.remove();
            }
            kept.add(request);
        }
    }

    List<SimulatedRequest> keptRequests() {
        synchronized (kept) {
            return List.copyOf(kept);
        }
    }

    void closeLog() {
        if (log != null) {
            log.close();
        }
    }
}
