package io.headrace.batch;

import io.headrace.ApiException;
import io.headrace.Cost;
import io.headrace.batch.Pack.Phase;
import io.headrace.files.DirectoryLock;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the directory of a queue says: the journal, which is the truth, and what follows from it and from the files of the packs. Every
 * change is written before it holds. Belongs to the queue's file thread, but for {@link #standings}.
 */
final class Ledger implements Closeable {

    private static final String TAG_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
    private static final int ERROR_OFFSET_BITS = 29;

    private final PackFiles files;
    private final DirectoryLock lock;
    private final Clock clock;
    private final Standings standings;
    private final SecureRandom random = new SecureRandom();
    private final Map<Integer, Pack> live = new TreeMap<>();
    private final Map<String, Pack> filling = new HashMap<>();
    private final Map<Integer, Pack> leftovers = new TreeMap<>();
    private final List<BatchStatus> collected = new ArrayList<>();
    private final Set<String> ids = new HashSet<>();
    private RecordFile journal;
    private String tag = "";
    private int lastPack;
    private long news;
    private boolean foreignWasTold;

    private Ledger(PackFiles files, DirectoryLock lock, Clock clock, Standings standings) throws IOException {
        this.files = files;
        this.lock = lock;
        this.clock = clock;
        this.standings = standings;
        long end = RecordFile.read(files.journal(), (in, offset) -> replay(in));
        this.journal = RecordFile.open(files.journal(), end);
        if (tag.isEmpty()) {
            note(new QueueRecord.Began(QueueRecord.FORMAT, newTag()));
        }
        standings.replayClaims(Long.MAX_VALUE);
        for (Pack pack : live.values()) {
            restore(pack);
        }
        standings.expect(0);
        journal.sync();
    }

    /**
     * Opens a directory, made if there is none.
     *
     * @throws IllegalStateException if another queue works in it, or its journal is of another version
     */
    @SuppressWarnings("MustBeClosedChecker") // closed with the ledger
    static Ledger open(Path directory, Clock clock) throws IOException {
        Files.createDirectories(directory);
        DirectoryLock lock = DirectoryLock.take(directory);
        Standings standings = null;
        try {
            standings = Standings.create(directory);
            return new Ledger(new PackFiles(directory), lock, clock, standings);
        } catch (IOException | RuntimeException e) {
            if (standings != null) {
                standings.close();
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
        return standings;
    }

    /** Packs that are not collected, in the order of their numbers. */
    Collection<Pack> packs() {
        return List.copyOf(live.values());
    }

    boolean isLive(Pack pack) {
        return live.containsKey(pack.number);
    }

    /** Packs that are collected, and of whose requests some may have to go into another one. */
    Collection<Pack> leftovers() {
        return List.copyOf(leftovers.values());
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
        leftovers.remove(pack.number);
    }

    /** Batches that are collected, in that order. */
    List<BatchStatus> collected() {
        return List.copyOf(collected);
    }

    /** Whether a batch is of a pack of this queue. */
    boolean isOurs(String id) {
        return ids.contains(id);
    }

    /** Whether nobody has asked so yet: what is said of foreign results is said once. */
    boolean isFirstForeign() {
        boolean isFirst = !foreignWasTold;
        foreignWasTold = true;
        return isFirst;
    }

    /** Grows with every request that ended. */
    long news() {
        return news;
    }

    /** The pack of that kind that takes requests; null for none. */
    @Nullable
    Pack filling(String lane, String group) {
        return filling.get(lane + '\n' + group);
    }

    Pack open(String lane, String group) throws IOException {
        int number = lastPack + 1;
        note(new QueueRecord.Opened(number, lane, group, newTag(), clock.instant()));
        Pack pack = Objects.requireNonNull(live.get(number));
        pack.writer = PackWriter.open(files, number, 0, 0);
        return pack;
    }

    void append(Pack pack, byte[] line, ParkedRequest request) throws IOException {
        Objects.requireNonNull(pack.writer, "writer").append(line, request);
        pack.count(request, line.length + 1L);
        standings.parked(request.key(), request.ceiling());
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
        note(new QueueRecord.Sealed(pack.number, pack.requests));
        journal.sync();
        writer.close();
        pack.writer = null;
    }

    /** Notes the intent to submit; gives the tag of the batch. */
    String intend(Pack pack) throws IOException {
        note(new QueueRecord.Intended(pack.number, pack.attempt + 1, clock.instant()));
        journal.sync();
        return batchTag(pack);
    }

    /** Under which the last attempt was submitted. */
    String batchTag(Pack pack) {
        return tag + "-" + pack.number + "-" + pack.tag + "-" + pack.attempt;
    }

    void uploaded(Pack pack, String handle) throws IOException {
        note(new QueueRecord.Uploaded(pack.number, handle));
        journal.sync();
    }

    void doubted(Pack pack) throws IOException {
        note(new QueueRecord.Doubted(pack.number, clock.instant()));
        journal.sync();
    }

    void revoked(Pack pack) throws IOException {
        note(new QueueRecord.Revoked(pack.number));
        journal.sync();
    }

    void submitted(Pack pack, String id) throws IOException {
        note(new QueueRecord.Submitted(pack.number, id, clock.instant()));
        journal.sync();
    }

    void returned(Pack pack) throws IOException {
        note(new QueueRecord.Returned(pack.number));
        journal.sync();
    }

    void withdrawn(Pack pack, Withdrawal why) throws IOException {
        note(new QueueRecord.Withdrawn(pack.number, why));
        journal.sync();
    }

    /** The new ends of the pack are whole: puts them in their place and lets them hold. */
    void collected(Pack pack, EndsFile ends, BatchTotals totals) throws IOException {
        ends.sync();
        ends.close();
        files.acceptEnds(pack.number);
        standings.expect(totals.answered());
        if (pack.writer != null) {
            pack.writer.close();
            pack.writer = null;
        }
        note(new QueueRecord.Collected(pack.number, clock.instant(), standings.claims(), totals));
        journal.sync();
    }

    void retryFailed() throws IOException {
        note(new QueueRecord.RetryFailed());
        journal.sync();
    }

    /** What a failed request ended with. */
    ApiException error(long key) throws IOException {
        long at = standings.error(key);
        int pack = (int) (at >>> ERROR_OFFSET_BITS);
        return EndsFile.error(files.ends(pack), at & ((1L << ERROR_OFFSET_BITS) - 1));
    }

    @Override
    public void close() throws IOException {
        try (DirectoryLock first = lock;
                Standings second = standings;
                RecordFile third = journal) {
            for (Pack pack : live.values()) {
                if (pack.writer != null) {
                    pack.writer.close();
                }
            }
        }
    }

    private void note(QueueRecord record) throws IOException {
        journal.append(record.write());
        apply(record);
    }

    private boolean replay(RecordReader in) throws IOException {
        QueueRecord record = QueueRecord.read(in);
        if (record == null || (record instanceof QueueRecord.Began began && began.format() != QueueRecord.FORMAT)) {
            throw new IllegalStateException("the journal in " + files.directory()
                    + " was written by a newer version: open it with that version, or take another directory");
        }
        apply(record);
        return true;
    }

    private void apply(QueueRecord record) throws IOException {
        if (record instanceof QueueRecord.Began began) {
            tag = began.tag();
        } else if (record instanceof QueueRecord.Opened opened) {
            Pack pack = new Pack(opened);
            lastPack = pack.number;
            live.put(pack.number, pack);
            filling.put(pack.kind(), pack);
        } else if (record instanceof QueueRecord.Collected done) {
            apply(done);
        } else if (record instanceof QueueRecord.RetryFailed) {
            standings.retryFailed();
        } else {
            Pack pack = Objects.requireNonNull(live.get(record.pack()), "pack");
            if (record instanceof QueueRecord.Sealed sealed) {
                filling.remove(pack.kind());
                pack.requests = sealed.requests();
            } else if (record instanceof QueueRecord.Submitted submitted) {
                ids.add(submitted.id());
            }
            pack.apply(record);
        }
    }

    private void apply(QueueRecord.Collected done) throws IOException {
        Pack pack = Objects.requireNonNull(live.remove(done.pack()), "pack");
        filling.remove(pack.kind(), pack);
        standings.replayClaims(done.claims());
        Path ends = files.ends(done.pack());
        boolean hasLines = Files.exists(files.lines(done.pack()));
        long whole = EndsFile.read(ends, new EndsFile.Visitor() {

            @Override
            public void answered(long key, Cost cost) throws IOException {
                standings.bought(key, cost);
                news++;
            }

            @Override
            public void failed(long key, long offset) throws IOException {
                standings.failed(key, ((long) done.pack() << ERROR_OFFSET_BITS) | offset);
                news++;
            }

            @Override
            public void online(long key) throws IOException {
                standings.online(key);
                news++;
            }

            @Override
            public void again(long key, int position, int batches) throws IOException {
                if (hasLines) {
                    standings.again(key);
                } else {
                    standings.forget(
                            key); // it moved on, which its next pack says; or its line is lost, and it is parked anew
                }
            }

            @Override
            public void dropped(long key) throws IOException {
                standings.forget(key);
                news++;
            }
        });
        if (!Files.exists(ends) || Files.size(ends) != whole) {
            throw new IOException(ends + " is missing or damaged at byte " + whole
                    + ": bring the file back, or take another directory");
        }
        collected.add(BatchStatus.collected(pack, done));
        if (hasLines) {
            leftovers.put(done.pack(), pack);
        }
    }

    /** Reads the requests of a pack that is not collected, and cuts what a crash left of one that was being written. */
    private void restore(Pack pack) throws IOException {
        boolean isFilling = pack.phase == Phase.FILLING;
        int told = pack.requests;
        pack.requests = 0;
        long[] linesEnd = new long[1];
        long keysEnd;
        try (LineReader lines = LineReader.open(files.lines(pack.number))) {
            keysEnd = RecordFile.read(files.keys(pack.number), (in, offset) -> {
                ParkedRequest request = ParkedRequest.read(in);
                if (isFilling && !lines.holds(request)) {
                    return false;
                }
                pack.count(request, request.end() - linesEnd[0]);
                linesEnd[0] = request.end();
                standings.parked(request.key(), request.ceiling());
                return true;
            });
        }
        if (isFilling) {
            pack.writer = PackWriter.open(files, pack.number, linesEnd[0], keysEnd);
        } else if (pack.requests != told) {
            throw new IOException(files.keys(pack.number) + " has " + pack.requests
                    + " requests where the journal says " + told + ": bring the file back, or take another directory");
        }
    }

    private String newTag() {
        StringBuilder made = new StringBuilder(CustomId.TAG_LENGTH);
        for (int i = 0; i < CustomId.TAG_LENGTH; i++) {
            made.append(TAG_CHARACTERS.charAt(random.nextInt(TAG_CHARACTERS.length())));
        }
        return made.toString();
    }
}
