package io.headrace.cli;

import io.headrace.CachePolicy;
import io.headrace.StorageException;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.ResponseCache;
import io.headrace.cache.TieredCache;
import io.headrace.cache.rocksdb.RocksDbCache;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the answers are kept that were paid for, and how they are used. */
final class AnswerOptions {

    @Option(
            names = "--cache",
            paramLabel = "DIR",
            order = 11,
            description = "Where answers are kept that were paid for. Default: $XDG_CACHE_HOME/headrace/answers or"
                    + " ~/.cache/headrace/answers.")
    private @Nullable Path cache;

    @Option(
            names = "--cache-wait",
            paramLabel = "TIME",
            order = 11,
            defaultValue = "0",
            description = "How long to wait for a cache that another run has. Default: not at all.")
    private Duration cacheWait = Duration.ZERO;

    @Option(
            names = "--cache-policy",
            paramLabel = "POLICY",
            order = 12,
            defaultValue = "use",
            description =
                    "How stored answers are used: ${COMPLETION-CANDIDATES}. 'bypass' reads and stores none, 'refresh' buys"
                            + " each again once in this run, 'read-only' sends nothing, and items whose answers are not stored fail."
                            + " Default: ${DEFAULT-VALUE}.")
    private CacheUse cachePolicy = CacheUse.USE;

    @Option(
            names = "--cache-max-age",
            paramLabel = "TIME",
            order = 12,
            description = "Answers that were stored longer ago are bought again, such as 24h. Default: any age.")
    private @Nullable Duration cacheMaxAge;

    private final Surroundings surroundings;

    AnswerOptions(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    /**
     * The cache, to be closed.
     *
     * @throws UsageProblem if it cannot be opened
     */
    ResponseCache open() {
        try {
            // the one on disk first: it opens on a thread of its own
            RocksDbCache disk =
                    RocksDbCache.builder(folder()).waitUpTo(cacheWait).open();
            return TieredCache.of(InMemoryCache.create(), disk);
        } catch (StorageException e) {
            throw new UsageProblem(
                    e.getMessage() + " (--cache DIR names the folder, --cache-wait TIME waits until it is free)", e);
        }
    }

    /**
     * The same for a command that makes nothing: what is not there holds no answer.
     *
     * @throws UsageProblem if it cannot be opened
     */
    ResponseCache openIfThere() {
        return Files.exists(folder()) ? open() : InMemoryCache.create();
    }

    /**
     * How they are used.
     *
     * @throws UsageProblem for an age of nothing
     */
    CachePolicy policy() {
        return cachePolicy.policy(cacheMaxAge);
    }

    Path folder() {
        return cache == null ? surroundings.usersCache() : cache;
    }
}
