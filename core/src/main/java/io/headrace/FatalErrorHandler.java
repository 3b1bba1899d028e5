package io.headrace;

import reactor.core.Exceptions;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * Ends a piece of work by an error that Reactor rethrows instead of signalling ({@link Exceptions#isJvmFatal}: {@code StackOverflowError},
 * {@code LinkageError} and the like). Thrown by an operator behind a call, such an error runs up the stack into the thread that brought the
 * answer, and the work would never end. A step puts a handler into the {@code Context} of each item; the layers that hand answers over,
 * {@code ObserveLayer} and {@code ChatStream}, catch such errors and give them to it.
 *
 * <p>Called on the thread that threw. Thread-safe.
 */
@FunctionalInterface
public interface FatalErrorHandler {

    /** Where it lies in the Reactor {@code Context}. */
    Baggage.Key<FatalErrorHandler> KEY = new Baggage.Key<>();

    /** Ends the work by {@code error}; false if it was over already. */
    boolean handle(Throwable error);

    /** Outside any step nobody takes an error. */
    FatalErrorHandler NONE = error -> false;

    /** {@code context} with this handler in it, in the place of one further out. */
    default Context into(Context context) {
        return KEY.put(context, this);
    }

    /** Gives {@code error} to the handler in {@code context}; false if it is not fatal, or nobody took it. */
    static boolean handle(Throwable error, ContextView context) {
        return Exceptions.isJvmFatal(error) && KEY.from(context, NONE).handle(error);
    }

    /** {@link #handle(Throwable, ContextView)}; rethrows {@code error} if nobody took it. */
    static void handleOrThrow(Throwable error, ContextView context) {
        if (!handle(error, context)) {
            throw Exceptions.propagate(error);
        }
    }
}
