package io.headrace.batch;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An account of a provider, as far as it can be told without a secret: what the provider calls it, and which batch is the newest there. Ids
 * of batches are unique, so who knows that batch sees the same account, or the same part of it, such as a project or a workspace.
 *
 * @param name in the provider's words, such as an organization's id; empty if it does not say
 * @param newest id of the batch that was made last; empty if there is none
 * @param newestAt when it was made, by the provider's clock; {@link Instant#EPOCH} if there is none, or the
 *     provider does not say
 */
public record BatchAccount(String name, String newest, Instant newestAt) {

    public BatchAccount {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(newest, "newest");
        Objects.requireNonNull(newestAt, "newestAt");
    }

    /**
     * The account of that name.
     *
     * @param name empty if the provider does not say
     * @param newest the batch that was made last; null if there is none
     */
    public static BatchAccount of(String name, @Nullable BatchJob newest) {
        return newest == null
                ? new BatchAccount(name, "", Instant.EPOCH)
                : new BatchAccount(name, newest.id(), Objects.requireNonNullElse(newest.createdAt(), Instant.EPOCH));
    }
}
