package io.headrace.batch;

import io.headrace.ApiException;
import io.headrace.batch.Pack.Phase;
import io.headrace.files.DirectoryLock;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The directory of a queue in the hands of the one process that works on it: the journal, which is the truth, and what follows from it
 * and from the files of the packs. Every change is written before it holds. Belongs to the queue's file thread, but for {@link #standings}.
 */
final class QueueDirectory implements Closeable {

    private static final String TAG_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

    private final PackFiles files;
    private final DirectoryLock lock;
    private final Clock clock;
    private final QueueState state;
    private final SecureRandom random = new SecureRandom();
    private final RecordFile journal;
    private boolean foreignWasTold;

    private QueueDirectory(PackFiles files, DirectoryLock lock, Clock clock, QueueState state) throws IOException {
        this.files = files;
        this.lock = lock;
        this.clock = clock;
        this.state = state;
        this.journal = RecordFile.open(files.journal(), state.replay());
        if (state.tag.isEmpty()) {
            files.requireNew();
            note(new QueueRecord.Began(QueueRecord.FORMAT, newTag()));
        }
        state.standings.replayClaims(Long.MAX_VALUE);
        for (Pack pack : state.live.values()) {
            QueueState.Ends good = state.restore(pack);
            if (pack.phase == Phase.FILLING) { // what a crash left of a request that was being written is cut off
                pack.writer = PackWriter.open(files, pack.number, good.lines(), good.keys());
            }
        }
        state.standings.expect(0);
        journal.sync();
    }

    /**
     * Opens a directory, made if there is none.
     *
     * @throws IllegalStateException if another queue works in it, or its journal is of another version
     */
    @SuppressWarnings("MustBeClosedChecker") // closed with the directory
    static QueueDirectory open(Path directory, Clock clock) throws IOException {
        Files.createDirectories(directory);
        DirectoryLock lock = DirectoryLock.take(directory);
        PackFiles files = new PackFiles(directory);
        QueueState state = null;
        try {
            state = new QueueState(files, Standings.create(directory));
            return new QueueDirectory(files, lock, clock, state);
        } catch (IOException | RuntimeException e) {
            if (state != null) {
                state.close();
            }
            lock.close();
            throw e;
        }
    }

    PackFiles files() {
        return files;
    }

    /** Safe for any thread. */
    Standings standings() {
        return state.standings;
    }

    /** Packs that are not collected, in the order of their numbers. */
    Collection<Pack> packs() {
        return List.copyOf(state.live.values());
    }

    boolean isLive(Pack pack) {
        return state.live.containsKey(pack.number);
    }

    /** Packs that are collected, and of whose requests some may have to go into another one. */
    Collection<Pack> leftovers() {
        return List.copyOf(state.leftovers.values());
    }

    /**
     * Which requests of a collected pack ended without an end, by position: one more than the batches that they have been in, else 0.
     */
    byte[] leftWithoutEnd(Pack pack) throws IOException {
        byte[] batches = new byte[pack.requests];
        EndsFile.read(files.ends(pack.number), new EndsFile.Visitor() {

            @Override
            public void again(long key, int position, int before) {
                batches[position] = (byte) (before + 1);
            }
        });
        return batches;
    }

    /** Nobody needs the requests of a collected pack any more: deletes their files. */
    void forgetRequests(Pack pack) throws IOException {
        files.deleteRequests(pack.number);
        state.leftovers.remove(pack.number);
    }

    /** How everything stands. */
    QueueSnapshot snapshot() {
        return state.snapshot();
    }

    /** Whether a batch is of a pack of this queue. */
    boolean isOurs(String id) {
        return state.ids.contains(id);
    }

    /** Whether nobody has asked so yet: what is said of foreign results is said once. */
    boolean isFirstForeign() {
        boolean isFirst = !foreignWasTold;
        foreignWasTold = true;
        return isFirst;
    }

    /** Grows with every request that ended. */
    long news() {
        return state.news;
    }

    /** The pack of that kind that takes requests; null for none. */
    @Nullable
    Pack filling(String lane, String group) {
        return state.filling.get(Pack.kind(lane, group));
    }

    Pack open(String lane, String group) throws IOException {
        int number = state.lastPack + 1;
        note(new QueueRecord.Opened(number, lane, group, newTag(), clock.instant()));
        Pack pack = Objects.requireNonNull(state.live.get(number));
        pack.writer = PackWriter.open(files, number, 0, 0);
        return pack;
    }

    void append(Pack pack, byte[] line, ParkedRequest request) throws IOException {
        Objects.requireNonNull(pack.writer, "writer").append(line, request);
        pack.count(request, line.length + 1L);
        state.standings.parked(request.key(), request.ceiling());
    }

    /** Makes what was appended survive the loss of power. */
    void sync(Pack pack) throws IOException {
        if (pack.writer != null) {
            pack.writer.sync();
        }
    }

    void seal(Pack pack) throws IOException {
        PackWriter writer = Objects.requireNonNull(pack.writer, "writer");
        writer.sync();
        files.sync();
        noteDurably(new QueueRecord.Sealed(pack.number, pack.requests));
        writer.close();
        pack.writer = null;
    }

    /** Notes the intent to submit, and in which account; gives the tag of the batch. */
    String intend(Pack pack, @Nullable BatchAccount account) throws IOException {
        noteDurably(new QueueRecord.Intended(pack.number, pack.attempt + 1, clock.instant(), account));
        return batchTag(pack);
    }

    /** Under which the last attempt was submitted. */
    String batchTag(Pack pack) {
        return state.tag + "-" + pack.number + "-" + pack.tag + "-" + pack.attempt;
    }

    void uploaded(Pack pack, String handle) throws IOException {
        noteDurably(new QueueRecord.Uploaded(pack.number, handle));
    }

    void doubted(Pack pack) throws IOException {
        noteDurably(new QueueRecord.Doubted(pack.number, clock.instant()));
    }

    void revoked(Pack pack) throws IOException {
        noteDurably(new QueueRecord.Revoked(pack.number));
    }

    void submitted(Pack pack, String id) throws IOException {
        noteDurably(new QueueRecord.Submitted(pack.number, id, clock.instant()));
    }

    void returned(Pack pack) throws IOException {
        noteDurably(new QueueRecord.Returned(pack.number));
    }

    void withdrawn(Pack pack, Withdrawal why) throws IOException {
        noteDurably(new QueueRecord.Withdrawn(pack.number, why));
    }

    /** The new ends of the pack are whole: puts them in their place and lets them hold. */
    void collected(Pack pack, EndsFile ends, BatchTotals totals) throws IOException {
        ends.sync();
        ends.close();
        files.acceptEnds(pack.number);
        state.standings.expect(totals.answered());
        if (pack.writer != null) {
            pack.writer.close();
            pack.writer = null;
        }
        noteDurably(new QueueRecord.Collected(pack.number, clock.instant(), state.standings.claims(), totals));
    }

    void retryFailed() throws IOException {
        noteDurably(new QueueRecord.RetryFailed(state.standings.claims()));
    }

    /** What a failed request ended with. */
    ApiException error(long key) throws IOException {
        long at = state.standings.error(key);
        return EndsFile.error(files.ends(QueueState.packOf(at)), QueueState.offsetOf(at));
    }

    @Override
    public void close() throws IOException {
        try (DirectoryLock first = lock;
                QueueState second = state;
                RecordFile third = journal) {
            for (Pack pack : state.live.values()) {
                if (pack.writer != null) {
                    pack.writer.close();
                }
            }
        }
    }

    private void note(QueueRecord record) throws IOException {
        journal.append(record.write());
        state.apply(record);
    }

    private void noteDurably(QueueRecord record) throws IOException {
        note(record);
        journal.sync();
    }

    private String newTag() {
        StringBuilder made = new StringBuilder(CustomId.TAG_LENGTH);
        for (int i = 0; i < CustomId.TAG_LENGTH; i++) {
            made.append(TAG_CHARACTERS.charAt(random.nextInt(TAG_CHARACTERS.length())));
        }
        return made.toString();
    }
}
