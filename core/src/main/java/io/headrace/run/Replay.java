package io.headrace.run;

import io.headrace.run.JournalRecord.Done;
import io.headrace.run.JournalRecord.Leaf;
import io.headrace.run.JournalRecord.Line;
import io.headrace.run.JournalRecord.RetryFailed;
import io.headrace.run.JournalRecord.RunStarted;
import io.headrace.run.JournalRecord.Sink;
import io.headrace.run.Ledger.Mark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A journal read back and checked against the files it speaks of: lines that may not have reached the disk before a power
 * loss are compared with their checksums, and the journal ends before the first one that is not there.
 *
 * @param ledger what it says
 * @param end where it goes on
 * @param cutBytes bytes of the journal behind that
 */
record Replay(Ledger ledger, long end, long cutBytes) {

    static Replay of(RunFiles files) throws IOException {
        Replay replay = upTo(files, Long.MAX_VALUE);
        try {
            long good = verify(files, replay);
            if (good == replay.end()) {
                return replay;
            }
            replay.ledger().close();
            Replay shorter = upTo(files, good);
            return new Replay(shorter.ledger(), shorter.end(), replay.cutBytes() + replay.end() - shorter.end());
        } catch (IOException | RuntimeException e) {
            replay.ledger().close();
            throw e;
        }
    }

    private static Replay upTo(RunFiles files, long limit) throws IOException {
        Ledger ledger = new Ledger(files.directory());
        try {
            JournalReader.End end = JournalReader.read(files.journal(), 0, (record, start) -> {
                if (start >= limit) {
                    return false;
                }
                if (record instanceof RunStarted run && run.format() != JournalFormat.VERSION) {
                    throw new IllegalStateException("the journal in " + files.directory() + " has format "
                            + run.format() + ", this version reads " + JournalFormat.VERSION
                            + ": go on with the version that wrote it, or start afresh");
                }
                ledger.apply(record, start);
                return true;
            });
            return new Replay(ledger, end.end(), end.cutBytes());
        } catch (IOException | RuntimeException e) {
            ledger.close();
            throw e;
        }
    }

    /** Where the first record stands whose line is not in its file; the end if there is none. */
    private static long verify(RunFiles files, Replay replay) throws IOException {
        Ledger ledger = replay.ledger();
        long[] good = {replay.end()};
        try (LineFile results = openExisting(files.results());
                LineFile deadLetters = openExisting(files.deadLetters())) {
            Mark from = ledger.verifyFrom();
            boolean sameDeadLetters = from.position() >= ledger.retryFrom();
            if (results.length() < from.results() || (sameDeadLetters && deadLetters.length() < from.deadLetters())) {
                from = Mark.START; // somebody shortened a file
            }
            Checked resultLines = new Checked(results, from.results());
            Checked deadLetterLines = new Checked(deadLetters, from.deadLetters());
            JournalReader.read(files.journal(), from.position(), (record, start) -> {
                if (start >= replay.end()) {
                    return false;
                }
                if (record instanceof RetryFailed) {
                    deadLetterLines.end = 0;
                }
                Line line = record instanceof Done done
                        ? done.line()
                        : record instanceof Leaf leaf ? leaf.line() : Line.NONE;
                boolean gone = line.sink() == Sink.DEAD_LETTERS && start < ledger.retryFrom();
                Checked lines = line.sink() == Sink.RESULTS ? resultLines : deadLetterLines;
                if (line.sink() == Sink.NONE || gone || lines.holds(line)) {
                    return true;
                }
                good[0] = start;
                return false;
            });
        }
        return good[0];
    }

    private static LineFile openExisting(Path path) throws IOException {
        if (!Files.exists(path)) {
            Files.createFile(path);
        }
        return LineFile.open(path);
    }

    /** One of the files, checked line by line. */
    private static final class Checked {

        private final LineFile file;
        private long end;

        Checked(LineFile file, long end) {
            this.file = file;
            this.end = end;
        }

        boolean holds(Line line) throws IOException {
            long start = end;
            end = line.end();
            return end <= file.length() && file.crc(start, end) == line.crc();
        }
    }
}
