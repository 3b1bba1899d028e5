package io.headrace.provider.http;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.batch.BatchJob;
import io.headrace.batch.BatchResult;
import java.util.function.Function;
import java.util.regex.Pattern;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** What the batches of all providers share. */
public final class BatchLines {

    private static final int LARGE_BYTES = 256 << 10;

    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9_-]{1,64}");

    private BatchLines() {}

    /**
     * @param what it names, for the error
     * @throws IllegalArgumentException if it is not 1 to 64 characters of those that all providers take
     */
    public static void requireName(String what, String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    what + " must have 1 to 64 characters of a-z, A-Z, 0-9, _ and -; this one has " + name.length()
                            + " characters, or others");
        }
    }

    /** Reads each line in order; large ones on the parallel scheduler, so that they hold up no connection. */
    public static <R> Flux<BatchResult<R>> read(Flux<BodyLine> lines, Function<BodyLine, BatchResult<R>> reader) {
        return lines.concatMap(
                line -> line.length() <= LARGE_BYTES
                        ? Mono.just(reader.apply(line))
                        : Mono.fromCallable(() -> reader.apply(line)).subscribeOn(Schedulers.parallel()),
                1);
    }

    /**
     * @throws IllegalArgumentException if {@code job} may yet change
     */
    public static void requireEnded(BatchJob job) {
        if (!job.state().isEnd()) {
            throw new IllegalArgumentException("batch " + job.id() + " has not ended, it is " + job.state());
        }
    }

    /**
     * The batch after {@code cancel}. One that has ended cannot be cancelled, which the server says as a conflict: then it is asked
     * for.
     *
     * @param asked the same batch as it is
     */
    public static Mono<BatchJob> orEnded(Mono<BatchJob> cancel, Mono<BatchJob> asked) {
        return cancel.onErrorResume(
                BatchLines::isConflict,
                conflict -> asked.flatMap(job -> job.state().isEnd() ? Mono.just(job) : Mono.error(conflict)));
    }

    /** Whether the server said that the thing is in no state for what was asked: 409, or 400 where it has no other word. */
    private static boolean isConflict(Throwable error) {
        int status = error instanceof ApiException failure ? failure.status().orElse(0) : 0;
        return status == 400 || status == 409;
    }

    /** {@code error} of a step before a batch is asked for: whatever became of that step, there is no batch of it. */
    public static ApiException beforeBatch(ApiException error) {
        if (error.delivery().compareTo(Delivery.UNKNOWN) < 0) {
            return error;
        }
        return ApiException.builder(error, error.getMessage() + "; no batch was asked for")
                .delivery(Delivery.NOT_SENT)
                .build();
    }
}
