package io.headrace.batch;

import io.headrace.ErrorText;
import io.headrace.StorageException;
import io.headrace.files.FileScheduler;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Does the work on files, one piece after another. A piece that began is not interrupted by a cancel, which would close the file; what
 * it gives is dropped then. Thread-safe.
 */
final class FileThread {

    private final Scheduler scheduler;
    private final String what;

    /** @param what the files are of, for errors */
    FileThread(Scheduler scheduler, String what) {
        this.scheduler = scheduler;
        this.what = what;
    }

    static FileThread of(String what) {
        return new FileThread(new FileScheduler(), what);
    }

    /** A piece of work. */
    interface Work {
        void run() throws IOException;
    }

    /** Runs {@code work} on subscription; an {@link IOException} becomes a {@link StorageException}. */
    <T> Mono<T> call(Callable<? extends T> work) {
        return Mono.create(sink -> {
            try {
                scheduler.schedule(() -> {
                    try {
                        sink.success(work.call());
                    } catch (IOException e) {
                        sink.error(new StorageException("cannot use " + what + ": " + ErrorText.message(e), e));
                    } catch (Throwable e) {
                        sink.error(e);
                    }
                });
            } catch (RejectedExecutionException e) {
                sink.error(new IllegalStateException(what + " is closed", e));
            }
        });
    }

    Mono<Void> run(Work work) {
        return call(() -> {
            work.run();
            return null;
        });
    }

    /** Runs {@code last} after all that was begun, and nothing after it. */
    void dispose(Runnable last) {
        try {
            scheduler.schedule(last);
        } catch (RejectedExecutionException e) {
            return; // it was done before
        }
        scheduler.dispose();
    }
}
