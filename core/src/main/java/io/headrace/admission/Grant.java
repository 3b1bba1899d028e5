package io.headrace.admission;

import io.headrace.Baggage;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * The leave to send one attempt. Travels in the attempt's Reactor {@code Context}: the provider reads there which key to use,
 * and tells what the response said of its limits.
 */
public interface Grant {

    /** Where it lies in the Reactor {@code Context}. */
    Baggage.Key<Grant> KEY = new Baggage.Key<>();

    /** The key to send the attempt with; null for the provider's own. */
    @Nullable
    ApiKey key();

    /** Tells what the head of a response said of the key's limits. Thread-safe, quick, throws nothing. */
    void observed(ServerLimits limits);

    /** The grant in {@code context}, if the attempt passed a gate. */
    static Optional<Grant> from(ContextView context) {
        return Optional.ofNullable(KEY.from(context));
    }

    default Context into(Context context) {
        return KEY.put(context, this);
    }
}
