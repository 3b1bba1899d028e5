package io.headrace.flow;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Who of a step's items has a place in its window: the arithmetic, and nothing else. Not thread-safe: a {@link Turnstile} guards it.
 *
 * <p>Three bounds hold. Items at work are at most {@code limit}. A new item enters only while those inside that do not wait are
 * fewer than that too, finished ones that nobody has taken yet included. And all items inside are at most {@link #WINDOWS} times as
 * many.
 */
final class Places {

    /** Items inside, waiting ones included, for each place. */
    static final int WINDOWS = 10;

    private final ArrayDeque<Returning> line = new ArrayDeque<>();
    private int limit;
    private boolean shut;
    private int inside;
    private int waiting;
    private int finished;
    private int asked;

    Places(int limit) {
        this.limit = limit;
    }

    /** What one item has, or the items of a batch together. */
    static class Place {

        private final int items;
        private boolean isHeld = true;
        private boolean isFinished;
        private int inLine;

        Place(int items) {
            this.items = items;
        }
    }

    /** A call that would go on as soon as its item has a place. */
    record Returning(Place place, Runnable goOn) {}

    void limit(int limit) {
        this.limit = limit;
    }

    /** While it is shut nobody enters. Those that wait inside go on: they may hold what others wait for. */
    void shut(boolean shut) {
        this.shut = shut;
    }

    boolean isEmpty() {
        return inside == 0;
    }

    int working() {
        return inside - waiting - finished;
    }

    int waiting() {
        return waiting;
    }

    int finished() {
        return finished;
    }

    /** How many new items to ask the source for now, which are then awaited; {@code delivered} have not entered yet. */
    int ask(int delivered) {
        int more = shut || !line.isEmpty() ? 0 : Math.max(0, room() - delivered - asked);
        asked += more;
        return more;
    }

    /** The source has delivered one. */
    void delivered() {
        asked--;
    }

    boolean mayEnter() {
        return !shut && line.isEmpty() && room() > 0;
    }

    /** A new item takes a place. */
    void enter() {
        inside++;
    }

    /** The item has its outcome. */
    void finish(Place place) {
        if (!place.isFinished) {
            takeAgain(place);
            place.isFinished = true;
            finished += place.items;
        }
    }

    /** So many finished items are gone. */
    void leave(long items) {
        inside -= (int) items;
        finished -= (int) items;
    }

    /** The item waits. */
    void give(Place place) {
        if (place.isHeld && !place.isFinished) {
            place.isHeld = false;
            waiting += place.items;
        }
    }

    /** The item has its place again; else false, and the call is in line. */
    boolean takeOrQueue(Returning call) {
        if (call.place.isHeld || (line.isEmpty() && mayReturn(call.place))) {
            takeAgain(call.place);
            return true;
        }
        call.place.inLine++;
        line.add(call);
        return false;
    }

    /** The call that goes on now, its item with a place; null for none yet. */
    @Nullable
    Returning next() {
        Returning first = line.peek();
        if (first == null || !(first.place.isHeld || mayReturn(first.place))) {
            return null;
        }
        leaveLine(first);
        takeAgain(first.place);
        return first;
    }

    /** The call does not go on. Its item may, unless the call went on meanwhile. */
    void giveUp(Returning call) {
        if (leaveLine(call)) {
            takeAgain(call.place);
        }
    }

    /** The item goes on, whatever the bounds say. */
    void takeAgain(Place place) {
        if (place.isHeld) {
            return;
        }
        place.isHeld = true;
        waiting -= place.items;
        if (place.inLine > 0) { // its other calls must not stand behind items that wait for its place
            line.stream().filter(call -> call.place == place).toList().forEach(call -> {
                line.remove(call);
                line.addFirst(call);
            });
        }
    }

    private boolean leaveLine(Returning call) {
        boolean wasIn = line.remove(call);
        if (wasIn) {
            call.place.inLine--;
        }
        return wasIn;
    }

    private boolean mayReturn(Place place) {
        int working = working();
        return working + place.items <= limit || working == 0;
    }

    private int room() {
        long most = Math.min(limit - ((long) inside - waiting), (long) WINDOWS * limit - inside);
        return (int) most; // at most limit
    }
}
