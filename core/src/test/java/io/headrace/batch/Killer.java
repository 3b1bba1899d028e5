package io.headrace.batch;

/** Ends a simulated process at a chosen step: from then on nothing of it happens any more. Not thread-safe. */
final class Killer {

    /** Thrown where the process dies. */
    static final class Killed extends Error {
        private static final long serialVersionUID = 1;

        Killed() {
            super("killed", null, false, false);
        }
    }

    private final long at;
    private long steps;

    /** @param at the step that is not done any more; 0 for never */
    Killer(long at) {
        this.at = at;
    }

    boolean isDead() {
        return at > 0 && steps >= at;
    }

    long steps() {
        return steps;
    }

    void step() {
        steps++;
        if (isDead()) {
            throw new Killed();
        }
    }
}
