package io.headrace;

import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.util.context.ContextView;

/**
 * The priority of a call that others may join while it waits: it goes up to that of the most urgent one. Whoever lets calls be
 * joined puts one into the Reactor {@code Context} of the call; a gate moves the attempt up in its line. Thread-safe.
 */
public interface Urgency {

    /** Where it lies in the Reactor {@code Context}. */
    Baggage.Key<Urgency> KEY = new Baggage.Key<>();

    /** That of the call in {@code context}; null where its {@linkplain CallOptions#priority options} say all. */
    static @Nullable Urgency from(ContextView context) {
        return KEY.from(context);
    }

    /** The priority now; never goes down. */
    Priority priority();

    /** Runs {@code raised} each time the priority has gone up, on the thread of whoever raised it, until that is disposed. */
    Disposable onRaise(Runnable raised);
}
