package io.headrace.admission;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Starts attempts that got their permit, one after another on a thread: an attempt that ends while it is being started frees a
 * permit, whose attempt may end at once too, and a stack would not hold them all.
 */
final class Grants {

    private static final ThreadLocal<Grants> MINE = ThreadLocal.withInitial(Grants::new);

    private final ArrayDeque<Permit<?>> next = new ArrayDeque<>();
    private boolean running;

    private Grants() {}

    /** Starts the attempt of {@code permit}, or leaves it to the caller further up this thread's stack. */
    static void run(Permit<?> permit) {
        Grants mine = MINE.get();
        mine.next.add(permit);
        if (!mine.running) {
            mine.drain();
        }
    }

    private void drain() {
        running = true;
        try {
            @Nullable Permit<?> permit;
            while ((permit = next.poll()) != null) {
                permit.granted();
            }
        } finally {
            running = false;
        }
    }
}
