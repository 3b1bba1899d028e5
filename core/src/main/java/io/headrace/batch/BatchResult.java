package io.headrace.batch;

import io.headrace.ApiException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What became of one request of a batch.
 *
 * @param <R> the answer
 */
public sealed interface BatchResult<R> {

    /** The request's; null where not even that can be read. */
    @Nullable
    String customId();

    /** @param customId the request's */
    record Answered<R>(String customId, R answer) implements BatchResult<R> {

        public Answered {
            Objects.requireNonNull(customId, "customId");
            Objects.requireNonNull(answer, "answer");
        }
    }

    /**
     * The request was refused or failed.
     *
     * @param error by its kind, as that of a call would be
     */
    record Errored<R>(String customId, ApiException error) implements BatchResult<R> {

        public Errored {
            Objects.requireNonNull(customId, "customId");
            Objects.requireNonNull(error, "error");
        }
    }

    /** The batch expired before the request's turn; it was not billed. */
    record Expired<R>(String customId) implements BatchResult<R> {

        public Expired {
            Objects.requireNonNull(customId, "customId");
        }
    }

    /** The batch was cancelled before the request's turn; it was not billed. */
    record Cancelled<R>(String customId) implements BatchResult<R> {

        public Cancelled {
            Objects.requireNonNull(customId, "customId");
        }
    }

    /**
     * A line that says nothing that can be understood.
     *
     * @param customId the request's; null where not even that can be read
     * @param problem what is wrong with it and where, without its content
     */
    record Unreadable<R>(@Nullable String customId, String problem) implements BatchResult<R> {

        public Unreadable {
            Objects.requireNonNull(problem, "problem");
        }
    }
}
