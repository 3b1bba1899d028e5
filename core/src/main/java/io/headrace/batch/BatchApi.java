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
     * Whose answers these are, as part of the fingerprint: equal to the identity of the provider's online call, so that an answer serves both.
     */
    String identity();

    /**
     * The provider's operation that the batches are for, such as {@code /v1/chat/completions}. Together with {@link #identity} it tells after a
     * restart whose batch is whose, so it must not change from version to version.
     */
    String operation();

    /**
     * Whether an upload has a handle before its batch is asked for, and batches keep the tag of their submission. If not, upload and batch are
     * one request, and a batch in doubt can be told only by its time, its size and its results.
     */
    boolean keepsTags();

    /** What one batch may hold. */
    BatchLimits limits();

    /**
     * How long after its submission the provider may still know a batch. Until then an unknown batch may belong to another account; after that
     * it is over. Default 31 days, the longest that we know: OpenAI works for a day and keeps files for 30, Anthropic keeps results for 29
     * (their guides, November 2026).
     */
    default Duration retention() {
        return Duration.ofDays(31);
    }

    /**
     * The request as it is uploaded, without an end of line. The custom id stands in it unescaped and before the request, so that another one
     * can be put in its place.
     *
     * @param customId identifies the result: 1 to 64 characters of {@code a-z A-Z 0-9 _ -}, unique in its batch
     * @throws IllegalArgumentException for what this provider cannot do in a batch, naming the field
     */
    byte[] encode(String customId, Q request);

    /** How much of {@link BatchLimits#requests} the request uses: one, or more where a provider counts what is inside. */
    default long count(Q request) {
        return 1;
    }

    /**
     * Whether {@code answer} can be one to a request of that {@link #count}, such as one with as many vectors as texts were sent. One that cannot
     * is not kept, and the request goes into a later batch. By default every answer can.
     */
    default boolean answers(long count, R answer) {
        return true;
    }

    /**
     * Requests of equal groups may be in one batch: such as the model, for a provider whose batches hold one model each.
     */
    String group(Q request);

    /**
     * Uploads requests and asks for a batch of them. Memory is bounded for any number of requests. There is a limit on silence, not on the whole
     * time.
     *
     * <p>After an error with {@link io.headrace.Delivery#NOT_SENT} or {@link io.headrace.Delivery#REFUSED} there is no batch and none will come.
     * After {@link io.headrace.Delivery#UNKNOWN} or {@link io.headrace.Delivery#ANSWERED}, and after a cancel, there may be one, now or later:
     * {@link #jobs} tells, and {@link #revoke} may prevent it. Errors of {@code lines} and {@code uploaded} come through as they are; no batch
     * was asked for then.
     *
     * @param tag names the batch where the provider keeps such a name; at most 64 characters, those of a custom id
     * @param lines requests from {@link #encode}, of one group, within {@link #limits}; subscribed to once
     * @param uploaded gets the handle of the upload and must complete before the batch is asked for; never called by a provider whose upload
     *     and batch are one request
     * @return the batch, accepted
     */
    Mono<BatchJob> submit(String tag, Flux<byte[]> lines, Function<String, Mono<Void>> uploaded);

    /**
     * Deletes an upload whose batch nobody has seen, so that none can come of it, or only one that fails. Completes also if the upload is gone
     * already, or the provider has no separate uploads.
     *
     * @param upload the handle
     */
    Mono<Void> revoke(String upload);

    /** The batch of that id; an error of kind {@link io.headrace.ErrorKind#NOT_FOUND} if there is none. */
    Mono<BatchJob> job(String id);

    /**
     * The account, or the part of it such as a project, whose batches {@link #jobs} lists. It is noted before each submission, so that a batch in
     * doubt is not looked for in another account. Holds no secret, for it is written to files. By default known by its newest batch; empty if
     * there is nothing to know it by.
     */
    default Mono<BatchAccount> account() {
        return jobs(Instant.EPOCH)
                .next()
                .map(newest -> BatchAccount.of("", newest))
                .defaultIfEmpty(BatchAccount.of("", null));
    }

    /**
     * The batches of this account that were created at {@code since} or later, or at an unknown time, newest first; read page by page on demand.
     */
    Flux<BatchJob> jobs(Instant since);

    /**
     * The results of a batch that has ended, in any order, read from the network on demand; empty if it has none. An unreadable line is a {@link
     * BatchResult.Unreadable} and ends nothing; a broken connection is an error. An id may come twice or not at all, just as the provider sent
     * it.
     *
     * @throws IllegalArgumentException if the batch has not ended
     */
    Flux<BatchResult<R>> results(BatchJob job);

    /**
     * Asks for a batch to be cancelled, and emits its state; finished requests keep their results. A batch that has ended stays as it is.
     */
    Mono<BatchJob> cancel(String id);
}
