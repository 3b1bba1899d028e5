package io.headrace.layer;

import io.headrace.WorkSlot;
import java.util.List;

/**
 * The places of all items that wait for a batch. None is given back while the batch waits at a gate or before a retry: an item that came
 * in its place could be one that the next batch needs, whose leader waits for a place in turn.
 */
record MicroBatchSlot(List<WorkSlot> slots, int size) implements WorkSlot {

    @Override
    public Wait newWait() {
        return Wait.NONE;
    }

    @Override
    public void atLeast(int limit) {
        int items = (int) Math.min(Integer.MAX_VALUE, Math.multiplyFull(limit, size));
        slots.forEach(slot -> slot.atLeast(items));
    }
}
