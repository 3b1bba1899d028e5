package io.headrace.layer;

import io.headrace.WorkSlot;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The place of the item that leads a flight, as the call in flight has it. When the item leaves and the call goes on for others, it waits
 * for that place no more: the item's step may be gone, and they gave their own places back when they began to follow. Thread-safe.
 */
final class LeaderSlot implements WorkSlot {

    private final WorkSlot slot;

    // under the lock
    private final List<LeaderWait> waits = new ArrayList<>(1);
    private boolean gone;

    LeaderSlot(WorkSlot slot) {
        this.slot = slot;
    }

    @Override
    public synchronized Wait newWait() {
        if (gone) {
            return Wait.NONE;
        }
        LeaderWait wait = new LeaderWait(slot.newWait());
        waits.add(wait);
        return wait;
    }

    @Override
    public void atLeast(int limit) {
        slot.atLeast(limit);
    }

    /** The item has left: what waits in its step's line goes on. */
    void leave() {
        List<LeaderWait> left;
        synchronized (this) {
            gone = true;
            left = List.copyOf(waits);
            waits.clear();
        }
        left.forEach(LeaderWait::leave);
    }

    /** One wait of the call. */
    private final class LeaderWait implements Wait {

        private final Wait wait;
        private @Nullable Runnable goOn;

        LeaderWait(Wait wait) {
            this.wait = wait;
        }

        @Override
        public void begin() {
            wait.begin();
        }

        @Override
        public boolean end(Runnable goOn) {
            synchronized (LeaderSlot.this) {
                if (gone) {
                    return true;
                }
                this.goOn = goOn;
            }
            return wait.end(this::goOn) && take() != null;
        }

        @Override
        public void cancel() {
            synchronized (LeaderSlot.this) {
                goOn = null;
                waits.remove(this);
            }
            wait.cancel();
        }

        void leave() {
            wait.cancel();
            goOn();
        }

        private void goOn() {
            Runnable waiting = take();
            if (waiting != null) {
                waiting.run();
            }
        }

        private @Nullable Runnable take() {
            synchronized (LeaderSlot.this) {
                Runnable waiting = goOn;
                goOn = null;
                return waiting;
            }
        }
    }
}
