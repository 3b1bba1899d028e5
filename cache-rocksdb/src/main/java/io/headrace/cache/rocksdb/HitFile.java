package io.headrace.cache.rocksdb;

import io.headrace.Cost;
import io.headrace.Usage;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.CacheHits;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;

/** What was saved so far, in memory and in a file of one line. For any thread; {@link #load} and {@link #save} for one at a time. */
final class HitFile {

    private static final String FORMAT = "hits-1";
    private static final int FIELDS = 11;

    private final Path file;
    private final AtomicReference<CacheHits> hits = new AtomicReference<>(CacheHits.NONE);
    private CacheHits saved = CacheHits.NONE;

    HitFile(Path file) {
        this.file = file;
    }

    /** Adds what the file says; nothing if it is missing or damaged. Once, before anything is saved. */
    void load() {
        try {
            saved = parse(Files.readString(file));
            hits.updateAndGet(saved::plus);
        } catch (NoSuchFileException e) {
            // nothing yet
        } catch (IOException | IllegalArgumentException e) {
            RocksDbCache.LOG.warn("the hits of the cache are counted from 0 again: {} cannot be read", file, e);
        }
    }

    void add(CacheEntry entry) {
        hits.updateAndGet(before -> before.plus(entry));
    }

    CacheHits hits() {
        return Objects.requireNonNull(hits.get());
    }

    /** Writes what was counted since the last time, if anything. */
    void save() {
        CacheHits now = hits();
        if (now.count() == saved.count()) {
            return;
        }
        try {
            Path part = file.resolveSibling(file.getFileName() + ".part");
            Files.writeString(part, format(now));
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
            saved = now;
        } catch (IOException e) {
            RocksDbCache.LOG.warn("the hits of the cache cannot be written to {}", file, e);
        }
    }

    private static String format(CacheHits hits) {
        Usage usage = hits.usage();
        return FORMAT + " " + hits.count() + " " + usage.inputTokens() + " " + usage.cachedInputTokens() + " "
                + usage.cacheWriteTokens() + " " + usage.longCacheWriteTokens() + " " + usage.outputTokens() + " "
                + usage.reasoningTokens() + " " + usage.unknown() + " "
                + hits.cost().usd() + " "
                + hits.cost().unknown() + "\n";
    }

    private static CacheHits parse(String line) {
        String[] fields = line.strip().split(" ", -1);
        if (fields.length != FIELDS || !fields[0].equals(FORMAT)) {
            throw new IllegalArgumentException("not a line of hits");
        }
        return new CacheHits(
                Long.parseLong(fields[1]),
                new Usage(
                        Long.parseLong(fields[2]),
                        Long.parseLong(fields[3]),
                        Long.parseLong(fields[4]),
                        Long.parseLong(fields[5]),
                        Long.parseLong(fields[6]),
                        Long.parseLong(fields[7]),
                        Long.parseLong(fields[8])),
                new Cost(new BigDecimal(fields[9]), Long.parseLong(fields[10])));
    }
}
