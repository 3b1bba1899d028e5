package io.headrace.batch;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.StorageException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Signal;

/**
 * Submits a pack: the intent, with the account that is asked, is durable before the upload, the upload's handle before the batch is
 * asked for, the batch's id after. What may or may not have become a batch is left in doubt, for {@link Doubts}. Thread-safe.
 */
final class Submitter {

    private static final int CHUNK_BYTES = 1 << 16;

    private final FileThread files;
    private final QueueDirectory directory;
    private final Caps caps;
    private final Judge judge;
    private final QueueSettings settings;

    Submitter(FileThread files, QueueDirectory directory, Caps caps, Judge judge, QueueSettings settings) {
        this.files = files;
        this.directory = directory;
        this.caps = caps;
        this.judge = judge;
        this.settings = settings;
    }

    /** One attempt with a sealed pack. An error means that the work must stop. */
    Mono<Void> submit(Pack pack, Served<?, ?> lane) {
        return AccountCheck.of(lane.api())
                .onErrorResume(
                        ApiException.class,
                        error -> files.run(() -> judge.postpone(pack, error)).then(Mono.empty()))
                .flatMap(account -> submit(pack, lane, account.orElse(null)));
    }

    private Mono<Void> submit(Pack pack, Served<?, ?> lane, @Nullable BatchAccount account) {
        BatchApi<?, ?> api = lane.api();
        return files.call(() -> intend(pack, account))
                .flatMap(tag -> Mono.defer(() -> api.submit(tag, lines(pack), handle -> uploaded(pack, handle)))
                        .materialize())
                .flatMap(end -> files.run(() -> settle(pack, lane, end)).then(cleared(pack, api, end)));
    }

    /** Null for a pack that nobody wants any more, or that no budget has room for by now. */
    private @Nullable String intend(Pack pack, @Nullable BatchAccount account) throws IOException {
        return pack.withdrawal == Withdrawal.NONE && caps.admit(pack, directory.packs())
                ? directory.intend(pack, account)
                : null;
    }

    private Mono<Void> uploaded(Pack pack, String handle) {
        return files.run(() -> directory.uploaded(pack, handle));
    }

    private void settle(Pack pack, Served<?, ?> lane, Signal<BatchJob> end) throws IOException {
        BatchJob job = end.get();
        Throwable error = end.getThrowable();
        if (job != null) {
            accepted(pack, job);
        } else if (error instanceof StorageException failure) { // of the lines or the journal: no batch was asked for
            directory.returned(pack);
            if (!(failure.getCause() instanceof PackReader.DamagedLineException)) {
                throw failure;
            }
            judge.damaged(pack, lane);
        } else if (error instanceof ApiException failure && isSurelyNot(failure)) {
            judge.refused(pack, lane, failure);
        } else {
            directory.doubted(pack);
            if (!(error instanceof ApiException failure)) {
                throw new IllegalStateException("pack " + pack.number + " of " + pack.lane + " is in doubt", error);
            }
            judge.postpone(pack.polls, pack, failure);
            judge.postpone(pack.submissions, pack, failure);
        }
    }

    /** The provider has it under that id. */
    void accepted(Pack pack, BatchJob job) throws IOException {
        directory.submitted(pack, job.id());
        pack.counts = job.counts();
        pack.polls.clear();
        pack.trouble = null;
        if (!job.state().isEnd()) {
            pack.polls.again(settings.clock().instant(), settings.polls());
        }
    }

    /** Upload that no batch will need is taken back, if that can be done at once. */
    private static Mono<Void> cleared(Pack pack, BatchApi<?, ?> api, Signal<BatchJob> end) {
        return isSurelyNot(end.getThrowable()) && !pack.upload.isEmpty()
                ? api.revoke(pack.upload).onErrorComplete()
                : Mono.empty();
    }

    private static boolean isSurelyNot(@Nullable Throwable error) {
        return error instanceof ApiException failure && failure.delivery().compareTo(Delivery.UNKNOWN) < 0;
    }

    /** The lines of the pack, read as they are asked for. */
    private Flux<byte[]> lines(Pack pack) {
        return Flux.usingWhen(
                files.call(() -> PackReader.open(directory.files(), pack)),
                reader -> files.call(() -> chunk(reader))
                        .repeat()
                        .takeWhile(chunk -> !chunk.isEmpty())
                        .concatMapIterable(chunk -> chunk, 1),
                reader -> files.run(reader::close));
    }

    private static List<byte[]> chunk(PackReader reader) throws IOException {
        List<byte[]> chunk = new ArrayList<>();
        int bytes = 0;
        while (bytes < CHUNK_BYTES) {
            byte[] line = reader.next();
            if (line == null) {
                return chunk;
            }
            chunk.add(line);
            bytes += line.length;
        }
        return chunk;
    }
}
