package io.headrace.cli;

import io.headrace.StorageException;
import io.headrace.cache.ResponseCache;
import io.headrace.cache.rocksdb.RocksDbCache;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which cache. */
final class CacheOptions {

    @Option(
            names = "--cache",
            paramLabel = "DIR",
            order = 1,
            description = {"The cache. Default: $XDG_CACHE_HOME/headrace/answers or", "~/.cache/headrace/answers."})
    private @Nullable Path folder;

    /** What is there now, also beside a run that goes on. */
    ResponseCache read(Surroundings surroundings) {
        return open(RocksDbCache.builder(folder(surroundings)).readOnly());
    }

    /** To be changed; it must be there. */
    ResponseCache change(Surroundings surroundings, Duration wait) {
        Path there = folder(surroundings);
        if (!Files.isDirectory(there)) {
            throw new UsageProblem("the cache folder " + there + " is not there. Name one that is (--cache)");
        }
        return make(surroundings, wait);
    }

    /** To be changed, made if it is missing. */
    ResponseCache make(Surroundings surroundings, Duration wait) {
        return open(RocksDbCache.builder(folder(surroundings)).waitUpTo(wait));
    }

    Path folder(Surroundings surroundings) {
        return folder == null ? surroundings.usersCache() : folder;
    }

    private static ResponseCache open(RocksDbCache.Builder builder) {
        try {
            RocksDbCache cache = builder.open();
            boolean ready = false;
            try {
                cache.ready().block();
                ready = true;
            } finally {
                if (!ready) {
                    cache.close();
                }
            }
            return cache;
        } catch (StorageException e) {
            throw problem(e);
        }
    }

    static UsageProblem problem(StorageException e) {
        return new UsageProblem(
                e.getMessage() + " (--cache DIR names the folder, --wait TIME waits until it is free)", e);
    }
}
