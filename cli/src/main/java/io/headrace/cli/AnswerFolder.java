package io.headrace.cli;

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

/** Where the answers are kept that were paid for. */
final class AnswerFolder {

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
            description = "How long to wait for a cache that is in use, such as 30s. Default: not at all.")
    private Duration cacheWait = Duration.ZERO;

    private final Surroundings surroundings;

    AnswerFolder(Surroundings surroundings) {
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
            RocksDbCache disk = RocksDbCache.builder(path()).waitUpTo(cacheWait).open();
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
        return Files.exists(path()) ? open() : InMemoryCache.create();
    }

    Path path() {
        return cache == null ? surroundings.usersCache() : cache;
    }
}
