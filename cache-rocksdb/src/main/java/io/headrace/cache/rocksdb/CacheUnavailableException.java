package io.headrace.cache.rocksdb;

import org.jspecify.annotations.Nullable;

/** A cache folder cannot be used. The message names the folder and says why and what to do. */
public final class CacheUnavailableException extends RuntimeException {

    CacheUnavailableException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
