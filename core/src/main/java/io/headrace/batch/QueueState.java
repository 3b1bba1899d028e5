package io.headrace.batch;

import io.headrace.Cost;
import io.headrace.batch.Pack.Phase;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/**
 * What the journal of a queue and the files of its packs come to: which packs there are, how far they are, and how each request stands.
 * Changed by records of the journal, and otherwise only read. Not thread-safe, but for {@link #standings}.
 */
final class QueueState implements Closeable {

    private static final int ERROR_OFFSET_BITS = 29;

    /** How often a directory is read whose journal grows meanwhile. */
    private static final int READINGS = 5;

    final Standings standings;

    /** Packs that are not collected, by number. */
    final Map<Integer, Pack> live = new TreeMap<>();

    /** Those of them that take requests, by kind. */
    final Map<String, Pack> filling = new HashMap<>();

    /** Packs that are collected, and of whose requests some may have to go into another one. */
    final Map<Integer, Pack> leftovers = new TreeMap<>();

    /** Batches that are collected, in that order. */
    final List<BatchStatus> collected = new ArrayList<>();

    /** The providers' names of all batches. */
    final Set<String> ids = new HashSet<>();

    String tag = "";
    int lastPack;

    /** Grows with every request that ended. */
    long news;

    private final PackFiles files;
    private boolean isOpening;

    QueueState(PackFiles files, Standings standings) {
        this.files = files;
        this.standings = standings;
    }

    /** How a queue stands at which another process may be at work. Writes nothing there. */
    static QueueSnapshot peek(Path directory) throws IOException {
        PackFiles files = new PackFiles(directory);
        for (int reading = 1; ; reading++) {
            long before = files.journalBytes();
            try {
                QueueSnapshot snapshot = peek(files);
                if (files.journalBytes() == before || reading == READINGS) {
                    return snapshot;
                }
            } catch (IOException e) { // files of a pack that has just been collected are gone
                if (files.journalBytes() == before || reading == READINGS) {
                    throw e;
                }
            }
        }
    }

    private static QueueSnapshot peek(PackFiles files) throws IOException {
        try (QueueState state = new QueueState(files, Standings.reading(files.directory()))) {
            state.replay();
            state.standings.replayClaims(Long.MAX_VALUE);
            for (Pack pack : state.live.values()) {
                state.restore(pack);
                pack.holder = files; // somebody may work on it
            }
            return state.snapshot();
        }
    }

    /** Takes over what the journal says; gives the offset behind its last record. */
    long replay() throws IOException {
        isOpening = true;
        long end = RecordFile.read(files.journal(), (in, offset) -> replay(in));
        isOpening = false;
        if (end < files.journalBytes() && RecordFile.goesOn(files.journal(), end)) {
            throw new IOException(files.journal() + " is damaged at byte " + end
                    + " and goes on behind that: bring the file back, or take another directory");
        }
        return end;
    }

    private boolean replay(RecordReader in) throws IOException {
        QueueRecord record = QueueRecord.read(in);
        if (record == null || (record instanceof QueueRecord.Began began && began.format() != QueueRecord.FORMAT)) {
            throw new IllegalStateException("the journal in " + files.directory()
                    + " was written by another version: open it with that version, or take another directory");
        }
        apply(record);
        return true;
    }

    void apply(QueueRecord record) throws IOException {
        if (record instanceof QueueRecord.Began began) {
            tag = began.tag();
        } else if (record instanceof QueueRecord.Opened opened) {
            Pack pack = new Pack(opened);
            lastPack = pack.number;
            live.put(pack.number, pack);
            filling.put(pack.kind(), pack);
        } else if (record instanceof QueueRecord.Collected done) {
            apply(done);
        } else if (record instanceof QueueRecord.RetryFailed again) {
            standings.replayClaims(again.claims());
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
        pack.requests = Math.toIntExact(done.totals().requests());
        standings.replayClaims(done.claims());
        standings.wasted(done.totals().wasted());
        Path ends = files.ends(done.pack());
        boolean hasLines = Files.exists(files.lines(done.pack()));
        if (isOpening && hasLines) { // what is about to go again may cost what it might before
            ParkedRequest.readAll(
                    files.keys(done.pack()), (request, at) -> standings.parked(request.key(), request.ceiling()));
        }
        long whole = EndsFile.read(ends, new EndsFile.Visitor() {

            @Override
            public void answered(long key, Cost cost) throws IOException {
                standings.bought(key, cost);
                news++;
            }

            @Override
            public void failed(long key, long offset, boolean isOfAccount) throws IOException {
                if (isOfAccount && isOpening) { // it may be mended since
                    standings.forget(key);
                } else {
                    standings.failed(key, ((long) done.pack() << ERROR_OFFSET_BITS) | offset);
                }
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
                } else { // it moved on, which its next pack says; or its line is lost, and it is parked anew
                    standings.forget(key);
                }
            }

            @Override
            public void wasted(long key, int batches) throws IOException {
                standings.wasted(key, batches);
                news++;
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

    /** Where the files of a pack are good up to. */
    record Ends(long lines, long keys) {}

    /** Reads the requests of a pack that is not collected. Of one that is being written the last may be torn. */
    Ends restore(Pack pack) throws IOException {
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
        if (!isFilling && pack.requests != told) {
            throw new IOException(files.keys(pack.number) + " has " + pack.requests
                    + " requests where the journal says " + told + ": bring the file back, or take another directory");
        }
        return new Ends(linesEnd[0], keysEnd);
    }

    /** How everything stands. */
    QueueSnapshot snapshot() {
        List<BatchStatus> batches = new ArrayList<>(collected);
        BatchTotals totals = batches.stream().map(BatchStatus::totals).reduce(BatchTotals.NONE, BatchTotals::plus);
        long waiting = 0;
        long out = 0;
        for (Pack pack : live.values()) {
            batches.add(BatchStatus.of(pack));
            if (pack.isOut()) {
                out += pack.requests;
            } else {
                waiting += pack.requests;
            }
        }
        return new QueueSnapshot(batches, waiting, out, standings.unclaimed(), standings.outstanding(), totals);
    }

    /** Where the error of a failed request lies. */
    static int packOf(long error) {
        return (int) (error >>> ERROR_OFFSET_BITS);
    }

    /** The same in the ends of its pack. */
    static long offsetOf(long error) {
        return error & ((1L << ERROR_OFFSET_BITS) - 1);
    }

    @Override
    public void close() throws IOException {
        standings.close();
    }
}
