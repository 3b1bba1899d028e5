package io.headrace.batch;

import java.time.Instant;
import java.util.Objects;

/**
 * An account of a provider, as far as it can be told without a secret: what the provider calls it, and which batch is the newest there. Ids
 * of batches are unique, so who knows that batch sees the same account, or the same part of it, such as a project or a workspace.
 *
 * @param name in the provider's words, such as an organization's id; empty if it does not say
 * @param newest id of the batch that was made last; empty if there is none
 * @param newestAt when it was made, by the provider's clock; {@link Instant#EPOCH} if there is none
 */
public record BatchAccount(String name, String newest, Instant newestAt) {

    public BatchAccount {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(newest, "newest");
        Objects.requireNonNull(newestAt, "newestAt");
    }

    /** @param name empty if the provider does not say */
    public static BatchAccount withoutBatches(String name) {
        return new BatchAccount(name, "", Instant.EPOCH);
    }
}
