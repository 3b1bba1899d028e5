package io.headrace.flow;

import io.headrace.Outcome;
import org.jspecify.annotations.Nullable;

/** An item that has entered a step, and its place there. */
final class ItemSlot<I> extends Slot {

    private final Outcome<I> outcome;

    ItemSlot(Outcome<I> outcome, @Nullable Turnstile<I> turnstile) {
        super(turnstile, 1);
        this.outcome = outcome;
    }

    Outcome<I> outcome() {
        return outcome;
    }
}
