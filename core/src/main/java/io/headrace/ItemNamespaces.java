package io.headrace;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * The namespaces of the items of one stream: each item, and each child of an expand step, has one for all steps. Travels in the Reactor {@code
 * Context}: the last step puts one there for the steps above it, unless something further down did, such as a run, which names it.
 *
 * <p>An item is known by the identity of its id, a {@code String} object that it keeps through all steps. Its samples are remembered as long as
 * that object is in use, or until the item {@linkplain #leave leaves}. Thread-safe.
 */
public final class ItemNamespaces {

    private static final Baggage.Key<ItemNamespaces> KEY = new Baggage.Key<>();

    private final String prefix;
    private final WeakIdentityMap<String, Namespace.Taken> taken = new WeakIdentityMap<>();
    private final WeakIdentityMap<String, Boolean> askedAgain = new WeakIdentityMap<>();
    private volatile boolean anyAskedAgain;

    private ItemNamespaces(String prefix) {
        this.prefix = prefix;
    }

    /**
     * Namespaces that nobody has read anything in.
     *
     * @param prefix begins the name of each, before a slash and the item's id
     * @throws IllegalArgumentException for a blank prefix
     */
    public static ItemNamespaces of(String prefix) {
        if (prefix.isBlank()) {
            throw new IllegalArgumentException("namespaces of items need a name");
        }
        return new ItemNamespaces(prefix);
    }

    /** Those in {@code context}; null for none. */
    public static @Nullable ItemNamespaces from(ContextView context) {
        return KEY.from(context);
    }

    public Context into(Context context) {
        return KEY.put(context, this);
    }

    /** What the names begin with. */
    public String prefix() {
        return prefix;
    }

    /** Of that item. */
    public Namespace namespace(String item) {
        return new Namespace(this, Objects.requireNonNull(item, "item"));
    }

    /**
     * The row is tried again because the model had declined: calls for it, and for items that it is expanded to, do not get stored refusals.
     *
     * @param row its id, the same object
     */
    public void askAgain(String row) {
        askedAgain.get(row, () -> Boolean.TRUE);
        anyAskedAgain = true;
    }

    /** The options of the calls of {@code step} for {@code item}, where the context has {@code outer}. */
    public CallOptions options(String step, Item<?> item, CallOptions outer) {
        CallOptions options = outer.inStep(step, item.id(), namespace(item.id()));
        return anyAskedAgain && askedAgain.get(item.rowId()) != null
                ? options.withCachePolicy(options.cachePolicy().withRefusals(false))
                : options;
    }

    /**
     * The item is through all steps: forgets its samples. Otherwise the garbage collector finds that out, which took half of its time in a run
     * of short calls.
     *
     * @param item its id, the same object
     */
    public void leave(String item) {
        taken.remove(item);
    }

    Namespace.Taken taken(String item) {
        return taken.get(item, Namespace.Taken::new);
    }
}
