package io.headrace.batch;

import java.time.Duration;
import java.time.Instant;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A provider's asynchronous batch endpoint: many requests in one upload, their answers within a day. One attempt per subscription;
 * nothing is retried here. Thread-safe. Errors are {@link io.headrace.ApiException}s, with how far the request got.
 *
 * <p>Every implementation passes {@code BatchApiContract} in the testkit.
 *
 * @param <Q> the request
 * @param <R> the answer
 */
public interface BatchApi<Q, R> {

    /**
     * Whose answers these are, as part of the fingerprint: the same as that of the provider's call for the same requests, so that
     * an answer serves both.
     */
    String identity();

    /**
     * Which of the provider's operations the batches are for, such as {@code /v1/chat/completions}. With {@link #identity} it tells
     * whose batch is whose after a restart, so it stays the same from version to version.
     */
    String operation();

    /**
     * Whether uploads are known by a handle before their batch is asked for, and batches keep the tag they were submitted under. If
     * not, an upload and its batch are one request, and a batch in doubt shows only by its time, its size and its results.
     */
    boolean keepsTags();

    /** What one batch may hold. */
    BatchLimits limits();

    /**
     * For how long after its submission a batch, or what is left of it, can be had. One that the provider does not know may be
     * another account's until then, and is over after that. 31 days unless stated, the longest of those we know: OpenAI works for a day and
     * keeps files for 30, Anthropic keeps results for 29 (their guides, November 2026).
     */
    default Duration retention() {
        return Duration.ofDays(31);
    }

    /**
     * The request as it is uploaded, without an end of line. The custom id stands in it as it is and before anything of the request,
     * so that it can be put in place of another one.
     *
     * @param customId by which its result is found: 1 to 64 characters of {@code a-z A-Z 0-9 _ -}, unique in its batch
     * @throws IllegalArgumentException for what this provider cannot do in a batch, naming the field
     */
    byte[] encode(String customId, Q request);

    /** What the request counts of {@link BatchLimits#requests}: one, or more where a provider counts what is inside. */
    default long count(Q request) {
        return 1;
    }

    /**
     * Which requests may stand in one batch together: those of equal groups. Such as the model, for a provider whose batches hold one
     * model each.
     */
    String group(Q request);

    /**
     * Uploads requests and asks for them to be worked on. Memory is bounded whatever their number, and no limit is set on the time of
     * the whole, only on its silence.
     *
     * <p>When it fails with {@link io.headrace.Delivery#NOT_SENT} or {@link io.headrace.Delivery#REFUSED}, there is no batch of it and
     * none will come. After {@link io.headrace.Delivery#UNKNOWN} or {@link io.headrace.Delivery#ANSWERED}, and after a cancel, the batch
     * may exist or come to exist: {@link #jobs} tells, and {@link #revoke} may make sure. An error of {@code lines} or {@code uploaded}
     * comes through as it is; no batch was asked for then.
     *
     * @param tag names the batch wherever the provider keeps such a name; at most 64 characters of those that a custom id has
     * @param lines requests as {@link #encode} gave them, of one group, within {@link #limits}; subscribed to once
     * @param uploaded told the handle of the upload before the batch is asked for, and waited for; never called by a provider whose
     *     upload and batch are one request
     * @return the batch, accepted
     */
    Mono<BatchJob> submit(String tag, Flux<byte[]> lines, Function<String, Mono<Void>> uploaded);

    /**
     * Deletes an upload whose batch nobody has seen, so that no batch can come of it any more: none, or one that fails. Completes also
     * when it is gone already, and at a provider that has no uploads of their own.
     *
     * @param upload the handle
     */
    Mono<Void> revoke(String upload);

    /** The batch of that id; an error of kind {@link io.headrace.ErrorKind#NOT_FOUND} if there is none. */
    Mono<BatchJob> job(String id);

    /**
     * The account that is asked, or the part of it, such as a project, whose batches are listed. Noted before a batch is asked for, so that
     * one whose outcome is not known is not looked for in another account. Tells no secret: it is written to files. The newest batch of
     * {@link #jobs} unless overridden; empty where nothing can be told.
     */
    default Mono<BatchAccount> account() {
        return jobs(Instant.EPOCH)
                .next()
                .map(newest -> BatchAccount.of("", newest))
                .defaultIfEmpty(BatchAccount.of("", null));
    }

    /**
     * The batches of this account that were created at {@code since} or later, newest first, read page by page as they are asked for; also
     * those of which the provider does not say when.
     */
    Flux<BatchJob> jobs(Instant since);

    /**
     * The results of a batch that has ended, in any order, read from the network as they are asked for. Empty for one that has none.
     * A line that cannot be read is a {@link BatchResult.Unreadable} and does not end them; a connection that breaks is an error. An id
     * may come twice, or not at all: what the provider sent is what comes.
     *
     * @throws IllegalArgumentException if the batch has not ended
     */
    Flux<BatchResult<R>> results(BatchJob job);

    /**
     * Asks for a batch to be cancelled; what is finished by then has results. The batch as it is now; one that has ended stays as it
     * is.
     */
    Mono<BatchJob> cancel(String id);
}
