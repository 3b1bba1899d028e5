package io.headrace.provider.anthropic;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A model that a server offers.
 *
 * @param id its name in requests
 * @param displayName its name for people, empty if the server does not say
 * @param created when it was published; null if the server does not say
 */
public record ModelInfo(
        String id, String displayName, @Nullable Instant created) {

    public ModelInfo {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(displayName, "displayName");
    }
}
