package io.headrace.admission;

import io.headrace.Delivery;
import io.headrace.ErrorKind;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The pause after a refusal (HTTP 429) for all callers of one key: nobody goes before the server's retry-after, later hints
 * prolong it and never shorten it. Refusals of attempts that were sent before it closed belong to the same burst, so a hundred
 * of them count once.
 *
 * <p>When the wait is over one attempt goes first, the probe. Its refusal is a new burst. Anything else that it brings opens
 * fully, and so does its silence for clearly longer than this server takes to refuse: a refusal comes at once where an answer
 * may take a minute, and a whole pipeline would wait for it.
 *
 * <p>Not thread-safe, as every {@link Resource}.
 */
final class CoolDown implements Resource {

    /** What is assumed of a server before its first refusal: it refuses within this time. */
    private static final long QUICK_REFUSAL = Duration.ofMillis(100).toNanos();

    /** No hint is longer than this. */
    static final Duration FOREVER = Duration.ofDays(365);

    private enum State {
        OPEN,
        CLOSED,
        /** One attempt is on its way, all others wait for it. */
        PROBING
    }

    private final CoolDownSpec spec;
    private final Strays strays;

    private State state = State.OPEN;
    /** When it closed, or when the probe went: refusals of attempts sent before belong to a burst that was counted. */
    private long since;

    private long until;
    private long bursts;
    /** Bursts since the last answer. */
    private int refusing;

    private long firstRefusal;
    private long lastRefusal;
    private long slowestRefusal = QUICK_REFUSAL;
    private Duration hint = Duration.ZERO;

    /** With the waits of {@link CoolDownSpec#standard()}. */
    CoolDown() {
        this(CoolDownSpec.standard());
    }

    CoolDown(CoolDownSpec spec) {
        this(spec, new Strays());
    }

    /**
     * @param strays told by the {@link AdaptiveLimits} of the same key; one of them that names no time closes nothing
     */
    CoolDown(CoolDownSpec spec, Strays strays) {
        this.strays = strays;
        this.spec = Objects.requireNonNull(spec, "spec");
    }

    @Override
    public String name() {
        return "cool-down";
    }

    @Override
    public long waitNanos(Demand demand, long now) {
        return switch (state) {
            case OPEN -> 0;
            case CLOSED -> Math.max(0, until - now);
            case PROBING -> Math.max(0, since + silence() - now);
        };
    }

    @Override
    public void take(Demand demand, long now) {
        if (state == State.CLOSED) {
            state = State.PROBING;
            since = now;
        } else if (state == State.PROBING) {
            state = State.OPEN;
        }
    }

    @Override
    public void settle(Demand demand, Settlement end, long now) {
        long sent = now - end.elapsed().toNanos();
        if (isRefusal(end)) {
            slowestRefusal = Math.max(end.elapsed().toNanos(), slowestRefusal - slowestRefusal / 64);
            lastRefusal = now;
            if (state == State.OPEN && hintOf(end).isZero() && strays.cover()) {
                return;
            }
            if (bursts > 0 && sent < since) {
                prolong(end, now);
            } else {
                close(end, now);
            }
        } else if (state != State.CLOSED && sent >= since) {
            if (end.succeeded() || (end.error() != null && end.delivery() != Delivery.NOT_SENT)) {
                state = State.OPEN;
                refusing = 0;
            } else if (state == State.PROBING) {
                state = State.CLOSED; // the probe was never sent or was cancelled: another may go
            }
        }
    }

    @Override
    public @Nullable ErrorKind shut(long now) {
        return waitNanos(Demand.REQUEST, now) > 0 ? ErrorKind.RATE_LIMITED : null;
    }

    @Override
    public List<Level> levels(long now) {
        return List.of();
    }

    /** How often the server refused, each burst counted once. */
    long bursts() {
        return bursts;
    }

    /** After too many refusals in a row, or at a hint above the longest one; not any more after an answer. */
    @Override
    public @Nullable String standstill(long now) {
        if (refusing == 0) {
            return null;
        }
        if (now < until && hint.compareTo(spec.longestHint()) > 0) {
            return "the server asks to wait " + hint.toSeconds() + " s; longestHint is "
                    + spec.longestHint().toSeconds() + " s";
        }
        Duration refused = Duration.ofNanos(lastRefusal - firstRefusal);
        return refused.compareTo(spec.refusedFor()) < 0
                ? null
                : "the server has refused every call for " + refused.toSeconds() + " s; refusedFor is "
                        + spec.refusedFor().toSeconds() + " s";
    }

    @Override
    public void tryAgain(long now) {
        refusing = 0;
        until = Math.min(until, now);
    }

    private boolean isRefusal(Settlement end) {
        return end.error() == ErrorKind.RATE_LIMITED
                || (spec.closesWhenOverloaded() && end.error() == ErrorKind.OVERLOADED && end.retryAfter() != null);
    }

    private void close(Settlement end, long now) {
        bursts++;
        refusing++;
        if (refusing == 1) {
            firstRefusal = now;
        }
        Duration asked = hintOf(end);
        closeUntil(now + (asked.isZero() ? ownWait() : asked).toNanos(), asked, now);
    }

    private void prolong(Settlement end, long now) {
        Duration asked = hintOf(end);
        long opens = now + asked.toNanos();
        if (!asked.isZero() && opens > until) {
            closeUntil(opens, asked, now);
        }
    }

    private void closeUntil(long opens, Duration asked, long now) {
        if (state != State.CLOSED) {
            state = State.CLOSED;
            since = now;
            until = opens;
            hint = asked;
        } else if (opens > until) {
            until = opens;
            hint = asked;
        }
    }

    private static Duration hintOf(Settlement end) {
        Duration hint = end.retryAfter();
        return hint == null ? Duration.ZERO : hint.compareTo(FOREVER) > 0 ? FOREVER : hint;
    }

    private Duration ownWait() {
        Duration wait = spec.firstWait();
        for (int i = 1; i < refusing && wait.compareTo(spec.longestWait()) < 0; i++) {
            wait = wait.multipliedBy(2);
        }
        return wait.compareTo(spec.longestWait()) < 0 ? wait : spec.longestWait();
    }

    private long silence() {
        return 3 * slowestRefusal;
    }
}
