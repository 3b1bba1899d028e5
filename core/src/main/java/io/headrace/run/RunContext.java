package io.headrace.run;

import io.headrace.CachePolicy;
import io.headrace.CallOptions;
import io.headrace.Item;
import io.headrace.ItemNamespaces;
import io.headrace.observe.CallListener;
import java.time.Instant;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.util.context.Context;

/**
 * What a run says to its steps and calls by their context: who listens, where attempts are noted, what may be read and spent.
 * Thread-safe.
 */
final class RunContext {

    private static final Logger LOG = LoggerFactory.getLogger(RunContext.class);

    /** Where Reactor looks for what to do with an error that nobody can take any more. */
    private static final String ON_ERROR_DROPPED = "reactor.onErrorDropped.local";

    private final RunSettings<?, ?> settings;
    private final CallListener listener;
    private final ItemNamespaces namespaces;
    private final Instant startedAt;

    RunContext(RunSettings<?, ?> settings, CallListener listener, Instant startedAt) {
        this.settings = settings;
        this.listener = listener;
        this.namespaces = ItemNamespaces.of(settings.namespacePrefix());
        this.startedAt = startedAt;
    }

    Context into(Context outer, Checkpoint<?> checkpoint) {
        CachePolicy policy = cachePolicy(checkpoint);
        Context named = namespaces.into(
                policy.equals(CachePolicy.use())
                        ? outer
                        : CallOptions.from(outer).withCachePolicy(policy).into(outer));
        Context observed = checkpoint.attemptLog().into(listener.into(named)).put(ON_ERROR_DROPPED, (Consumer<
                        Throwable>)
                RunContext::dropped);
        RunSpending spending = settings.spending();
        return spending == null ? observed : spending.budget().into(observed);
    }

    /** The item is through all steps. */
    void left(Item<?> item) {
        namespaces.leave(item.id());
    }

    /**
     * A run that buys everything again reads nothing older than itself, so that items still share answers. With batches it takes several
     * executions, perhaps in several processes.
     */
    private CachePolicy cachePolicy(Checkpoint<?> checkpoint) {
        CachePolicy policy = settings.cachePolicy();
        if (policy.mode() != CachePolicy.Mode.REFRESH) {
            return policy;
        }
        Instant since = settings.queue() == null
                ? startedAt
                : Instant.ofEpochMilli(checkpoint.directory().read(Ledger::since));
        return policy.with(CachePolicy.Mode.USE).withStoredSince(since);
    }

    /** What fails in flight behind the error that ended the stream: the same disk, most often, once for each item. */
    private static void dropped(Throwable error) {
        LOG.debug("an item in flight failed after the end of the stream", error);
    }
}
