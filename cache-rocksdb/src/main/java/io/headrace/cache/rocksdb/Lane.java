package io.headrace.cache.rocksdb;

import io.headrace.StorageException;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.CacheEntryCodec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;

/**
 * One of the threads of a {@link RocksDbCache}: looks up and writes the answers that fall to it, and emits the results. The
 * writes of a group are one write to the database and come first.
 */
final class Lane extends GroupThread<Task> {

    private final RocksDbCache cache;
    private final Runnable first;

    /** Of the group at work, those whose turn is still to come. */
    private int left;

    /**
     * @param first runs on this thread before any work
     */
    Lane(String name, RocksDbCache cache, Runnable first) {
        super(name);
        this.cache = cache;
        this.first = first;
    }

    boolean belongsTo(RocksDbCache other) {
        return cache == other;
    }

    /** On this thread only: whether nobody waits for it, so that it may as well do what another would have to be woken for. */
    boolean isFree() {
        return left == 0 && isQueueEmpty();
    }

    @Override
    void first() {
        first.run();
    }

    @Override
    void work(List<Task> group) {
        Reader reader = cache.reader();
        if (reader == null) {
            group.forEach(task -> task.fail(cache.unavailable()));
            return;
        }
        StorageException error = reader instanceof Store store ? write(group, store) : null;
        left = group.size();
        for (Task task : group) {
            left--;
            if (task instanceof Task.Lookup lookup) {
                lookup.sink().success(lookUp(lookup, reader));
            } else if (error != null) {
                task.fail(error);
            } else if (task instanceof Task.Put put) {
                put.sink().success();
            } else if (task instanceof Task.Remove remove) {
                remove.sink.success(remove.removed);
            } else if (task instanceof Task.Clear clear) {
                clear.sink().success();
            }
        }
    }

    @Override
    void refuse(Task task) {
        task.fail(cache.closed());
    }

    @Override
    void last() {
        cache.laneEnded();
    }

    private static @Nullable CacheEntry lookUp(Task.Lookup lookup, Reader reader) {
        try {
            byte[] value = reader.read(lookup.fingerprint(), lookup.sample(), lookup.key());
            return value == null ? null : CacheEntryCodec.decode(lookup.fingerprint(), lookup.sample(), value);
        } catch (RocksDBException | IllegalArgumentException e) {
            RocksDbCache.LOG.warn(
                    "answer {} of {} in the cache is damaged and counts as absent: {}",
                    lookup.sample(),
                    lookup.fingerprint(),
                    e.getMessage());
            return null;
        }
    }

    /** All writes of {@code group}; the error that they share, if any. */
    private @Nullable StorageException write(List<Task> group, Store store) {
        boolean wrote = false;
        try {
            for (Task task : group) {
                if (task instanceof Task.Put put) {
                    store.write(put.fingerprint(), put.sample(), put.value());
                    wrote = true;
                } else if (task instanceof Task.Remove remove) {
                    remove.removed = store.remove(remove.fingerprint, remove.sample, remove.key);
                    wrote |= remove.removed;
                } else if (task instanceof Task.Clear) {
                    store.clear();
                } else if (task == Task.Upkeep.SYNC) {
                    cache.syncStarts();
                    store.force();
                } else if (task == Task.Upkeep.SAVE_HITS) {
                    cache.saveHits();
                }
            }
            if (wrote) {
                cache.wrote(store);
            }
            return null;
        } catch (IOException | RocksDBException | UncheckedIOException e) {
            return cache.unwritable(e);
        }
    }
}
