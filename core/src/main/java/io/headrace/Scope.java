package io.headrace;

import org.jspecify.annotations.Nullable;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * What a step tells the calls of its item, under one key: a Reactor {@code Context} of more than five keys is a map and slow.
 */
record Scope(
        CallOptions options,
        WorkSlot slot,
        FatalErrorHandler handler,
        ItemWork work,
        @Nullable ItemNamespaces namespaces,
        @Nullable Urgency urgency) {

    private static final Scope NONE =
            new Scope(CallOptions.NONE, WorkSlot.NONE, FatalErrorHandler.NONE, ItemWork.none(), null, null);

    static Scope from(ContextView context) {
        return context.hasKey(Scope.class) ? context.get(Scope.class) : NONE;
    }

    Scope with(CallOptions options) {
        return new Scope(options, slot, handler, work, namespaces, urgency);
    }

    Scope with(WorkSlot slot, CallOptions options) {
        return new Scope(options, slot, handler, work, namespaces, null);
    }

    Scope with(FatalErrorHandler handler) {
        return new Scope(options, slot, handler, work, namespaces, urgency);
    }

    Scope with(ItemWork work) {
        return new Scope(options, slot, work, work, namespaces, urgency);
    }

    Scope inCall() {
        return new Scope(options, slot, handler, ItemWork.ofCall(), namespaces, urgency);
    }

    Scope with(ItemNamespaces namespaces) {
        return new Scope(options, slot, handler, work, namespaces, urgency);
    }

    Scope with(Urgency urgency, FatalErrorHandler handler) {
        return new Scope(options, slot, handler, work, namespaces, urgency);
    }

    Context into(Context context) {
        return context.put(Scope.class, this);
    }
}
