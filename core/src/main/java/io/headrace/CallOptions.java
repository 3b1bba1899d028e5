package io.headrace;

import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * What belongs to a call and not to its request: never part of a cache key, never sent. Travels in the Reactor
 * {@code Context}; a step sets it for its item, and {@code contextWrite(options::into)} overrides it.
 *
 * @param step the step that calls, empty outside any step
 * @param item the id of the item that is worked on, empty outside any step
 * @param namespace whose next sample is read; the item's own inside a step, {@link Namespace#NONE} outside
 * @param replicate the number of the sample to read, from 0, whatever the namespace has had; null for the next one of the namespace
 * @param cachePolicy how stored answers are used
 * @param tenant on whose behalf, for a fair share of a gate; empty for the tenant of all who name none
 * @param priority which of the calls that wait at a gate goes first; {@link Priority#BATCH} inside a step
 * @param failFast whether the call would rather fail than wait for a breaker that is open or a limit that was met
 * @param tags free labels for listeners
 */
public record CallOptions(
        String step,
        String item,
        Namespace namespace,
        @Nullable Integer replicate,
        CachePolicy cachePolicy,
        String tenant,
        Priority priority,
        boolean failFast,
        Map<String, String> tags) {

    static final Baggage.Key<CallOptions> KEY = new Baggage.Key<>();

    /** A call outside any step. */
    public static final CallOptions NONE =
            new CallOptions("", "", Namespace.NONE, null, CachePolicy.use(), "", Priority.NORMAL, false, Map.of());

    /**
     * @throws IllegalArgumentException for a negative replicate
     */
    public CallOptions {
        Objects.requireNonNull(step, "step");
        Objects.requireNonNull(item, "item");
        Objects.requireNonNull(namespace, "namespace");
        Objects.requireNonNull(cachePolicy, "cachePolicy");
        Objects.requireNonNull(tenant, "tenant");
        Objects.requireNonNull(priority, "priority");
        tags = Map.copyOf(tags);
        if (replicate != null && replicate < 0) {
            throw new IllegalArgumentException("replicates count from 0, not " + replicate);
        }
    }

    /** The call of {@code step} for {@code item}. */
    public static CallOptions of(String step, String item) {
        return new CallOptions(
                step, item, Namespace.NONE, null, CachePolicy.use(), "", Priority.BATCH, false, Map.of());
    }

    /**
     * The options of a call of {@code step} for {@code item}, where these hold round the step: tenant, cache policy, tags and the wish
     * not to wait stay; so does the priority, if one was stated, which {@link Priority#NORMAL} is not.
     */
    public CallOptions inStep(String step, String item, Namespace namespace) {
        Priority stated = priority == Priority.NORMAL ? Priority.BATCH : priority;
        return new CallOptions(step, item, namespace, null, cachePolicy, tenant, stated, failFast, tags);
    }

    /** The options in {@code context}, else {@link #NONE}. */
    public static CallOptions from(ContextView context) {
        CallOptions alone = context.getOrDefault(CallOptions.class, null);
        return alone == null ? KEY.from(context, NONE) : alone;
    }

    /** {@code context} with these options in the place of any others; {@code contextWrite} takes one that was empty as well. */
    public Context into(Context context) {
        return context.hasKey(Baggage.class) ? KEY.put(context, this) : context.put(CallOptions.class, this);
    }

    public CallOptions withNamespace(Namespace namespace) {
        return new CallOptions(step, item, namespace, replicate, cachePolicy, tenant, priority, failFast, tags);
    }

    public CallOptions withReplicate(@Nullable Integer replicate) {
        return new CallOptions(step, item, namespace, replicate, cachePolicy, tenant, priority, failFast, tags);
    }

    public CallOptions withCachePolicy(CachePolicy cachePolicy) {
        return new CallOptions(step, item, namespace, replicate, cachePolicy, tenant, priority, failFast, tags);
    }

    public CallOptions withTenant(String tenant) {
        return new CallOptions(step, item, namespace, replicate, cachePolicy, tenant, priority, failFast, tags);
    }

    public CallOptions withPriority(Priority priority) {
        return new CallOptions(step, item, namespace, replicate, cachePolicy, tenant, priority, failFast, tags);
    }

    public CallOptions withFailFast(boolean failFast) {
        return new CallOptions(step, item, namespace, replicate, cachePolicy, tenant, priority, failFast, tags);
    }

    public CallOptions withTags(Map<String, String> tags) {
        return new CallOptions(step, item, namespace, replicate, cachePolicy, tenant, priority, failFast, tags);
    }
}
