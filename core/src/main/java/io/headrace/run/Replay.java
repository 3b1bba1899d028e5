package io.headrace.run;

import io.headrace.run.JournalRecord.Done;
import io.headrace.run.JournalRecord.Leaf;
import io.headrace.run.JournalRecord.Line;
import io.headrace.run.JournalRecord.RetryFailed;
import io.headrace.run.JournalRecord.RunStarted;
import io.headrace.run.JournalRecord.Synced;
import io.headrace.run.LineCheck.Damage;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;

/**
 * A journal read back, and every line that it speaks of compared with its checksum: a row whose line is not there, or is not
 * what was written, is pending.
 *
 * @param ledger what it says
 * @param end where it goes on
 * @param cutBytes bytes of the journal behind that
 * @param lost lines that do not hold: the files have to be written anew without them
 * @param damage files that are not what was written; an end torn by a crash is no damage
 */
record Replay(Ledger ledger, long end, long cutBytes, long lost, List<Damage> damage) {

    static Replay of(RunFiles files) throws IOException {
        try (Reading reading = new Reading(files)) {
            return reading.read();
        }
    }

    /** Goes through the journal once. */
    private static final class Reading implements JournalReader.Visitor, AutoCloseable {

        private final RunFiles files;
        private final LineCheck results;
        private final LineCheck deadLetters;
        private final Ledger ledger;
        private boolean synced;

        @SuppressWarnings("MustBeClosedChecker") // closed by the reading
        Reading(RunFiles files) throws IOException {
            this.files = files;
            this.results = LineCheck.open(files.results());
            this.deadLetters = LineCheck.open(files.deadLetters());
            this.ledger = new Ledger(files.directory());
        }

        Replay read() throws IOException {
            try {
                JournalReader.End end = JournalReader.read(files.journal(), 0, this);
                return new Replay(ledger, end.end(), end.cutBytes(), results.lost() + deadLetters.lost(), damage(end));
            } catch (IOException | RuntimeException e) {
                ledger.close();
                throw e;
            }
        }

        @Override
        public boolean visit(JournalRecord record, long start) throws IOException {
            if (record instanceof RunStarted run && run.format() != JournalFormat.VERSION) {
                throw new IllegalStateException("the journal in " + files.directory() + " has format " + run.format()
                        + ", this version reads " + JournalFormat.VERSION
                        + ": go on with the version that wrote it, or start afresh");
            }
            if (record instanceof RetryFailed) {
                deadLetters.restart();
            }
            synced = record instanceof Synced;
            if (holds(record)) {
                ledger.apply(record);
            } else {
                ledger.lose(record);
            }
            return true;
        }

        private boolean holds(JournalRecord record) throws IOException {
            if (record instanceof Done done) {
                return done.isByLeaves() ? ledger.isComplete(done.key()) : holds(done.line());
            }
            return !(record instanceof Leaf leaf) || holds(leaf.line());
        }

        private boolean holds(Line line) throws IOException {
            return switch (line.sink()) {
                case NONE -> true;
                case RESULTS -> results.holds(line);
                case DEAD_LETTERS -> deadLetters.holds(line);
            };
        }

        /** A process that closed its files in order leaves them whole, with a note of the last sync at the journal's end. */
        private List<Damage> damage(JournalReader.End end) throws IOException {
            boolean inOrder = synced && Files.size(files.journal()) == end.end();
            List<Damage> damage = new ArrayList<>();
            if (end.goesOn()) {
                damage.add(new Damage(
                        true,
                        "the journal is damaged at byte " + end.end()
                                + " and goes on behind that: rows that ended later run again"));
            }
            for (LineCheck file : List.of(results, deadLetters)) {
                if (file.lost() > 0 || (inOrder && file.surplus() > 0)) {
                    damage.add(file.damage());
                }
            }
            return damage;
        }

        @Override
        public void close() throws IOException {
            try (LineCheck first = results) {
                deadLetters.close();
            }
        }
    }
}
