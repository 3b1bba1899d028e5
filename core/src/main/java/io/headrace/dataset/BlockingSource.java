package io.headrace.dataset;

import io.headrace.ErrorText;
import io.headrace.Outcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SynchronousSink;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Turns readers that block into streams. Each subscription has a reader of its own, which works on a thread of this class
 * only while rows are asked for. Rows come in batches, so that the way from thread to thread is paid once for many.
 */
final class BlockingSource {

    /** Batches asked for ahead; the next one is read while the ones before are worked on. */
    private static final int AHEAD = 4;

    private static final long IDLE_SECONDS = 5;
    private static final AtomicInteger NUMBER = new AtomicInteger();

    /**
     * Daemon threads that end by themselves when nothing is read. Wrapped as a plain executor on purpose: a cancel then
     * never interrupts a thread that has gone on into the subscriber's code, where it may be writing to a file.
     */
    private static final Scheduler READERS = Schedulers.fromExecutor(
            new ThreadPoolExecutor(
                    0,
                    Integer.MAX_VALUE,
                    IDLE_SECONDS,
                    TimeUnit.SECONDS,
                    new SynchronousQueue<>(),
                    BlockingSource::thread),
            true);

    private BlockingSource() {}

    /** The rows of {@code reader}, which is opened at the first demand and closed at the end, on error and on cancel. */
    static <T> Flux<Outcome<T>> read(Callable<? extends BatchReader<T>> reader) {
        return Flux.defer(() -> {
            Reading<T> reading = new Reading<>(reader);
            return Flux.<List<Outcome<T>>, Reading<T>>generate(() -> reading, Reading::next, Reading::close)
                    .subscribeOn(READERS)
                    .flatMapIterable(batch -> batch, AHEAD)
                    .concatWith(Mono.defer(reading::failure));
        });
    }

    private static Thread thread(Runnable task) {
        Thread thread = new Thread(task, "headrace-dataset-" + NUMBER.incrementAndGet());
        thread.setDaemon(true);
        return thread;
    }

    /** A reader that is opened late. */
    private static final class Reading<T> {

        private final Callable<? extends BatchReader<T>> opening;
        private @Nullable BatchReader<T> reader;
        private @Nullable Exception failure;

        Reading(Callable<? extends BatchReader<T>> opening) {
            this.opening = opening;
        }

        Reading<T> next(SynchronousSink<List<Outcome<T>>> sink) {
            try {
                BatchReader<T> open = reader;
                if (open == null) {
                    open = opening.call();
                    reader = open;
                }
                List<Outcome<T>> batch = open.next();
                if (batch.isEmpty()) {
                    close(); // before the subscriber hears of the end
                    sink.complete();
                } else {
                    sink.next(batch);
                }
            } catch (Exception e) {
                close();
                failure = e;
                sink.complete();
            }
            return this;
        }

        /** What ended the reading early, told behind the rows that were read before: an error overtakes what it finds queued. */
        <R> Mono<R> failure() {
            Exception e = failure;
            return e == null
                    ? Mono.empty()
                    : Mono.error(e instanceof IOException io ? new UncheckedIOException(ErrorText.message(io), io) : e);
        }

        void close() {
            BatchReader<T> open = reader;
            reader = null;
            if (open != null) {
                try {
                    open.close();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }
}
