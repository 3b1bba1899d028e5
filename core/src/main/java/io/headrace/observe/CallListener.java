package io.headrace.observe;

import io.headrace.ErrorText;
import java.util.Objects;
import org.slf4j.LoggerFactory;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * Is told every {@link CallEvent}. Called on the thread where the event happens, often an event loop, from many threads at
 * once: it must be quick and must not block. What it throws is logged and goes no further.
 *
 * <p>A listener travels in the Reactor {@code Context}: the layers tell the one they find there. A step adds its item's
 * meter and a run its statistics; {@code contextWrite(listener::into)} adds another one for all calls upstream of it.
 */
@FunctionalInterface
public interface CallListener {

    void on(CallEvent event);

    /** Hears nothing. */
    static CallListener noop() {
        return Silence.INSTANCE;
    }

    /** The listener in {@code context}, else {@link #noop()}. */
    static CallListener from(ContextView context) {
        return context.hasKey(CallListener.class) ? context.get(CallListener.class) : Silence.INSTANCE;
    }

    /** {@code context} with this listener told first and the one that was there before it second. */
    default Context into(Context context) {
        return context.put(CallListener.class, and(from(context)));
    }

    /** Tells this listener first and {@code next} second, also when the first one throws. */
    default CallListener and(CallListener next) {
        Objects.requireNonNull(next, "next");
        return next == Silence.INSTANCE ? this : new Both(this, next);
    }

    /** Whether this listener is {@code other}, or was put together of it by {@link #and}. */
    default boolean includes(CallListener other) {
        return this == other;
    }

    /** This listener, without those that {@code others} {@linkplain #includes includes}: together they hear each event once. */
    default CallListener except(CallListener others) {
        return others.includes(this) ? Silence.INSTANCE : this;
    }

    /**
     * Who is told of the calls of the step {@code step}: this listener, unless it tells steps apart. A step asks for each item. The
     * name in an event's options may be another one, for whoever makes a call may override them.
     */
    default CallListener forStep(String step) {
        return this;
    }

    /** {@link #on}, with what it throws logged: how layers call a listener. */
    default void tell(CallEvent event) {
        try {
            on(event);
        } catch (RuntimeException | AssertionError | StackOverflowError | LinkageError e) {
            LoggerFactory.getLogger(CallListener.class)
                    .warn("a call listener failed, the call goes on", ErrorText.forLog(e));
        }
    }
}
