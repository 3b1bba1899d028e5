package io.headrace.testkit;

import java.nio.file.Path;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A file at the simulated provider: a part of one on the disk.
 *
 * @param deletedAt when it was deleted for its owner; null if it was not
 */
record StoredFile(
        String id,
        String filename,
        String purpose,
        Instant createdAt,
        Path path,
        long offset,
        long length,
        @Nullable Instant deletedAt) {

    StoredFile deleted(Instant now) {
        return new StoredFile(id, filename, purpose, createdAt, path, offset, length, now);
    }

    boolean isThere(Instant now) {
        return deletedAt == null || deletedAt.isAfter(now);
    }
}
