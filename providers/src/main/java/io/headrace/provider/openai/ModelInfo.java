package io.headrace.provider.openai;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A model that a server offers.
 *
 * @param id its name in requests
 * @param created when it was published; null if the server does not say
 * @param ownedBy whose it is, empty if the server does not say
 */
public record ModelInfo(String id, @Nullable Instant created, String ownedBy) {

    public ModelInfo {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(ownedBy, "ownedBy");
    }
}
