package io.headrace;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * What a step and the layers of a call hand on to the calls inside them, under one key of the Reactor {@code Context}: options, the
 * item's place and work, the gate's grant. It is one key, because Reactor compares a new key of a context with all others and makes a
 * map of more than five: each further key would cost every call more than everything in here.
 *
 * <p>A {@code contextWrite} of a context that was made elsewhere replaces all of it. Things that must survive that, since they keep accounts or
 * prevent calls, have keys of their own: listeners, attempt logs, budgets and dry runs. Options that a user writes where there is no baggage
 * stand alone, hide the ones in here, and are taken in with the next change.
 *
 * <p>Immutable. Each kind of thing has a {@link Key}, and most have methods {@code from(ContextView)} and {@code into(Context)}.
 */
public final class Baggage {

    private static final Baggage NONE = new Baggage(new Object[0]);

    /** By the index of their keys. */
    private final @Nullable Object[] values;

    private Baggage(@Nullable Object[] values) {
        this.values = values;
    }

    /** One kind of thing. Made once for a class: keys are never given back. */
    public static final class Key<T> {

        private static final AtomicInteger COUNT = new AtomicInteger();

        private final int index = COUNT.getAndIncrement();

        /** What is in {@code context} under this key; null if nothing is. */
        public @Nullable T from(ContextView context) {
            return Baggage.from(context).get(this);
        }

        /** As {@link #from(ContextView)}, with what stands in for nothing. */
        public T from(ContextView context, T otherwise) {
            T value = from(context);
            return value == null ? otherwise : value;
        }

        /** {@code context} with {@code value} in the place of what was there. */
        public Context put(Context context, T value) {
            return Baggage.toChange(context).with(this, value).into(context);
        }
    }

    static Baggage from(ContextView context) {
        Baggage all = context.getOrDefault(Baggage.class, null);
        return all == null ? NONE : all;
    }

    /** What is in {@code context}, to put several things there at once. */
    public static Baggage toChange(ContextView context) {
        CallOptions alone = context.getOrDefault(CallOptions.class, null);
        return alone == null ? from(context) : from(context).with(CallOptions.KEY, alone);
    }

    @SuppressWarnings("unchecked") // a key's value was put in by that key
    private <T> @Nullable T get(Key<T> key) {
        return key.index < values.length ? (T) values[key.index] : null;
    }

    /** This with {@code value} under {@code key}, in the place of what was there; null takes that out. */
    public <T> Baggage with(Key<T> key, @Nullable T value) {
        @Nullable Object[] all = Arrays.copyOf(values, Math.max(values.length, key.index + 1));
        all[key.index] = value;
        return new Baggage(all);
    }

    /** {@code context} with this in the place of what was there. */
    public Context into(Context context) {
        return context.delete(CallOptions.class).put(Baggage.class, this);
    }
}
