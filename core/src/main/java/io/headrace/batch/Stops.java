package io.headrace.batch;

import io.headrace.ApiException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The lanes for which one subscriber does nothing more, and why. Belongs to the queue's file thread. */
final class Stops {

    private final Map<String, ApiException> errors = new LinkedHashMap<>();

    void stop(Pack pack, ApiException error) {
        errors.putIfAbsent(pack.lane, error);
    }

    boolean holds(Pack pack) {
        return errors.containsKey(pack.lane);
    }

    /** The first error, with the others suppressed; null if no lane was stopped. */
    @Nullable
    ApiException error() {
        ApiException first = null;
        for (ApiException error : errors.values()) {
            if (first == null) {
                first = error;
            } else if (first != error) {
                first.addSuppressed(error);
            }
        }
        return first;
    }
}
