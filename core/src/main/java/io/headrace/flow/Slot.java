package io.headrace.flow;

import io.headrace.WorkSlot;
import org.jspecify.annotations.Nullable;

/** The place of an item in the window of its step, or of the items of a batch together. */
class Slot extends Places.Place implements WorkSlot {

    private final @Nullable Turnstile<?> turnstile;
    private final int items;

    /**
     * @param turnstile which let the items in; null outside any stream
     */
    Slot(@Nullable Turnstile<?> turnstile, int items) {
        super(items);
        this.turnstile = turnstile;
        this.items = items;
    }

    /** The place of so many items together, this one among them. */
    final Slot together(int items) {
        return new Slot(turnstile, items);
    }

    /** The step is done with the items. */
    final void finish() {
        if (turnstile != null) {
            turnstile.finish(this);
        }
    }

    @Override
    public final Wait newWait() {
        return turnstile == null ? Wait.NONE : turnstile.newWait(this);
    }

    @Override
    public final void atLeast(int limit) {
        if (turnstile != null) {
            turnstile.atLeast(Math.multiplyFull(limit, items));
        }
    }
}
