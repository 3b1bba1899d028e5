package io.headrace.model;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** One encoding, loaded at most once, on a scheduler and never by whoever asks. Thread-safe. */
final class Tokenizer {

    private static final Logger LOG = LoggerFactory.getLogger(Tokenizer.class);

    private final Supplier<ToLongFunction<String>> loader;
    private final Supplier<Scheduler> scheduler;
    private final AtomicBoolean begun = new AtomicBoolean();
    private volatile @Nullable ToLongFunction<String> counter;
    private boolean failed;

    Tokenizer(Supplier<ToLongFunction<String>> loader, Supplier<Scheduler> scheduler) {
        this.loader = loader;
        this.scheduler = scheduler;
    }

    /** Counts tokens; null as long as it is not loaded, and then it is being loaded. */
    @Nullable
    ToLongFunction<String> counter() {
        ToLongFunction<String> loaded = counter;
        if (loaded == null && begun.compareAndSet(false, true)) {
            scheduler.get().schedule(this::load);
        }
        return loaded;
    }

    /** Completes when it is loaded, or cannot be. */
    Mono<Void> ready() {
        return Mono.defer(() -> counter != null
                ? Mono.empty()
                : Mono.<Void>fromRunnable(this::load).subscribeOn(scheduler.get()));
    }

    private synchronized void load() {
        if (counter != null || failed) {
            return;
        }
        begun.set(true);
        try {
            counter = loader.get();
        } catch (RuntimeException | LinkageError e) {
            failed = true;
            LOG.warn("an encoding cannot be loaded, tokens are estimated from the length of texts", e);
        }
    }
}
