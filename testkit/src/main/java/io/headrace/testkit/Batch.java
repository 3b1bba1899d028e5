package io.headrace.testkit;

import io.netty.handler.codec.http.HttpHeaders;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A batch at the simulated provider, whose state follows from the time. Guarded by its store. */
final class Batch {

    /** How far a batch is; not every provider tells all of them apart. */
    enum State {
        VALIDATING,
        IN_PROGRESS,
        FINALIZING,
        CANCELLING,
        COMPLETED,
        FAILED,
        EXPIRED,
        CANCELLED;

        boolean isEnd() {
            return compareTo(CANCELLING) > 0;
        }
    }

    /** Why a batch fails as a whole; {@code line} 0 for none. */
    record Fault(String code, String message, @Nullable String param, int line) {}

    /** What a batch left when it ended. */
    record Outcome(
            long succeeded,
            long errored,
            long expired,
            long cancelled,
            long inputTokens,
            long outputTokens,
            @Nullable StoredFile results,
            @Nullable StoredFile errors) {}

    /** The share of the delay before the first request is done, and after the last. */
    private static final double MARGIN = 0.1;

    final String id;
    final BatchWire wire;
    final BatchInput input;
    final SimulatedBatches plan;
    final Instant createdAt;
    final String digest;
    final String inputFile;
    final String path;
    final Map<String, String> metadata;
    final HttpHeaders headers;
    final String model;
    final long tokens;
    final List<Fault> faults;

    @Nullable
    Instant cancelledAt;

    @Nullable
    Outcome outcome;

    Batch(String id, Instant createdAt, SimulatedBatches plan, BatchWire wire, Draft draft) {
        this.id = id;
        this.createdAt = createdAt;
        this.plan = plan;
        this.wire = wire;
        this.input = draft.input();
        this.digest = draft.digest();
        this.inputFile = draft.inputFile();
        this.path = draft.path();
        this.metadata = draft.metadata();
        this.headers = draft.headers();
        this.model = draft.model();
        this.tokens = draft.tokens();
        this.faults = draft.faults();
    }

    /**
     * A batch that was asked for.
     *
     * @param path that its requests would be posted to
     * @param inputFile id of the file with its requests; empty if they came without
     * @param model of all requests; empty if they may differ
     * @param tokens of all prompts
     */
    record Draft(
            BatchInput input,
            String digest,
            String inputFile,
            String path,
            Map<String, String> metadata,
            HttpHeaders headers,
            String model,
            long tokens,
            List<Fault> faults) {}

    State state(Instant now) {
        if (!faults.isEmpty()) {
            return now.isBefore(at(MARGIN)) ? State.VALIDATING : State.FAILED;
        }
        if (cancelledAt != null) {
            return now.isBefore(cancelledAt.plus(plan.cancelDelay)) ? State.CANCELLING : State.CANCELLED;
        }
        if (!now.isBefore(naturalEnd())) {
            return plan.delay.compareTo(plan.window) <= 0 ? State.COMPLETED : State.EXPIRED;
        }
        if (now.isBefore(at(MARGIN))) {
            return State.VALIDATING;
        }
        return now.isBefore(at(1 - MARGIN)) ? State.IN_PROGRESS : State.FINALIZING;
    }

    /** When it ended, or will. */
    Instant endsAt() {
        return faults.isEmpty() ? cancelledAt == null ? naturalEnd() : cancelledAt.plus(plan.cancelDelay) : at(MARGIN);
    }

    Instant expiresAt() {
        return createdAt.plus(plan.window);
    }

    Instant startsAt() {
        return at(MARGIN);
    }

    Instant finalizesAt() {
        return at(1 - MARGIN);
    }

    /** How many requests are done. */
    int done(Instant now) {
        Instant until = cancelledAt != null && cancelledAt.isBefore(now) ? cancelledAt : now;
        if (!until.isBefore(at(1 - MARGIN))) {
            return input.size();
        }
        double share = ((double) Duration.between(createdAt, until).toNanos() / plan.delay.toNanos() - MARGIN)
                / (1 - 2 * MARGIN);
        return (int) Math.max(0, Math.round(share * input.size()));
    }

    private Instant naturalEnd() {
        return createdAt.plus(plan.delay.compareTo(plan.window) <= 0 ? plan.delay : plan.window);
    }

    private Instant at(double share) {
        return createdAt.plusNanos((long) (plan.delay.toNanos() * share));
    }
}
