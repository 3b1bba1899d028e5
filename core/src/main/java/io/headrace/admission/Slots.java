package io.headrace.admission;

import io.headrace.Require;
import io.headrace.admission.Level.Origin;
import java.util.List;

/** At most so many attempts at a time. */
public final class Slots implements Resource {

    private int max;
    private int out;

    private Slots(int max) {
        this.max = checked(max);
    }

    /**
     * @throws IllegalArgumentException for less than 1
     */
    public static Slots of(int max) {
        return new Slots(max);
    }

    /** Changes the limit from now on. While more are out than it allows, nobody goes; those that are out stay. */
    public void change(int max) {
        this.max = checked(max);
    }

    @Override
    public String name() {
        return "concurrency";
    }

    @Override
    public long waitNanos(Demand demand, long now) {
        return out < max ? 0 : UNTIL_SETTLED;
    }

    @Override
    public void take(Demand demand, long now) {
        out++;
    }

    @Override
    public void settle(Demand demand, Settlement end, long now) {
        out--;
    }

    @Override
    public int concurrency() {
        return max;
    }

    @Override
    public List<Level> levels(long now) {
        return List.of(new Level(name(), out, max, Origin.STATED));
    }

    /** {@code max}, if it is a limit. */
    static int checked(int max) {
        return Require.atLeast(1, max, "a concurrency limit");
    }
}
