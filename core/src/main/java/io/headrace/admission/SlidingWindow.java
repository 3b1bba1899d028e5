package io.headrace.admission;

import io.headrace.Require;
import io.headrace.admission.Level.Origin;
import io.headrace.admission.ServerLimits.Allowance;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * At most so much in any span of a given length, for servers that count so. What was taken comes back all at once when the span
 * is over, where a {@link TokenBucket} gives it back little by little.
 *
 * <p>Remembers at most some seventy moments: what is taken within a 64th of the span comes back together, with the last of it.
 * The server's word counts only where it tells a lower limit for a span of this length.
 */
public final class SlidingWindow implements Resource {

    private static final int PARTS = 64;
    private static final int SIZE = PARTS + PARTS / 10;

    private final Charge charge;
    private final Duration span;
    private final String name;
    private final long part;
    private final long held;

    /** When an entry began, when the last of it was taken, and how much of it, in a ring. */
    private final long[] first = new long[SIZE];

    private final long[] last = new long[SIZE];
    private final long[] sums = new long[SIZE];
    private int oldest;
    private int size;
    private long used;
    private long stated;
    private long told = Long.MAX_VALUE;

    private SlidingWindow(Charge charge, long limit, Duration span) {
        this.charge = Objects.requireNonNull(charge, "charge");
        this.span = Objects.requireNonNull(span, "span");
        this.name = charge.unit() + " in any " + Rate.of(checked(limit), span).periodName();
        this.stated = limit;
        long nanos = span.toNanos();
        this.part = Math.max(1, -Math.floorDiv(-nanos, PARTS));
        this.held = nanos + Math.min(TokenBucket.JITTER.toNanos(), nanos / 20);
    }

    /**
     * @param span how long what was taken counts; requests whose journeys differ are allowed for by {@link
     *     TokenBucket#JITTER}, at most a twentieth of the span
     * @throws IllegalArgumentException for a limit below 1 or a span that is not positive
     */
    public static SlidingWindow of(Charge charge, long limit, Duration span) {
        return new SlidingWindow(charge, limit, span);
    }

    /** States another limit from now on. */
    public void change(long limit) {
        stated = checked(limit);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public @Nullable String impossible(Demand demand) {
        long asked = charge.reserved(demand);
        return asked <= limit() ? null : charge.tooMuch(asked, limit(), origin(), name);
    }

    @Override
    public long waitNanos(Demand demand, long now) {
        long asked = charge.reserved(demand);
        if (asked == 0) {
            return 0;
        }
        if (asked > limit()) {
            return UNTIL_SETTLED;
        }
        expire(now);
        long excess = used + asked - limit();
        long wait = 0;
        for (int i = 0; excess > 0; i++) {
            int entry = (oldest + i) % SIZE;
            excess -= sums[entry];
            wait = last[entry] + held - now;
        }
        return wait;
    }

    @Override
    public void take(Demand demand, long now) {
        add(charge.reserved(demand), now);
    }

    @Override
    public void settle(Demand demand, Settlement end, long now) {
        long change = charge.taken(demand, end) - charge.reserved(demand);
        if (change > 0) {
            add(change, now);
        } else if (end.elapsed().compareTo(span) < 0) {
            expire(now);
            giveBack(-change);
        }
    }

    @Override
    public void observe(ServerLimits limits, long taken, long now) {
        Allowance said = charge.of(limits);
        if (said != null && said.period().equals(span)) {
            told = said.limit();
        }
    }

    @Override
    public List<Level> levels(long now) {
        expire(now);
        return List.of(new Level(name, used, limit(), origin()));
    }

    private long limit() {
        return Math.min(stated, told);
    }

    private Origin origin() {
        return stated <= told ? Origin.STATED : Origin.SERVER;
    }

    private void add(long units, long now) {
        if (units == 0) {
            return;
        }
        expire(now);
        int newest = (oldest + size - 1 + SIZE) % SIZE;
        if (size == 0 || now - first[newest] >= part) {
            newest = (oldest + size) % SIZE;
            size++;
            first[newest] = now;
            sums[newest] = 0;
        }
        last[newest] = now;
        sums[newest] += units;
        used += units;
    }

    /** Out of the oldest entries: what is left is counted for longer than it must be, never for less. */
    private void giveBack(long units) {
        long rest = units;
        for (int i = 0; rest > 0 && i < size; i++) {
            int entry = (oldest + i) % SIZE;
            long back = Math.min(rest, sums[entry]);
            sums[entry] -= back;
            used -= back;
            rest -= back;
        }
    }

    private void expire(long now) {
        while (size > 0 && last[oldest] + held <= now) {
            used -= sums[oldest];
            oldest = (oldest + 1) % SIZE;
            size--;
        }
    }

    private static long checked(long limit) {
        return Require.atLeast(1, limit, "a limit");
    }
}
