package io.headrace.run;

import io.headrace.run.JournalRecord.RunStarted;
import io.headrace.run.LineCheck.Damage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * How the directory of a run is opened. Files that this run cannot go on with get a number and make room; the others are brought to one
 * state, whatever broke them.
 *
 * @param pipeline what the results depend on besides the rows; another one than before moves the old files aside
 * @param dataset says where the rows come from; another one than before is noted
 * @param fresh whether old files are moved aside in any case
 * @param retryFailed whether failed rows become pending
 */
record Opening(String pipeline, String dataset, boolean fresh, boolean retryFailed) {

    /**
     * What there was, as this run goes on with it.
     *
     * @param runsBefore how many runs worked on it
     * @param tornBytes bytes of the journal that were torn or damaged
     * @param isDamaged whether the files were not what had been written
     * @param notes what people should know of all this
     */
    record Found(Replay replay, int runsBefore, long tornBytes, boolean isDamaged, List<String> notes) {}

    Found find(RunFiles files) throws IOException {
        List<String> notes = new ArrayList<>();
        files.redoCompaction();
        if (files.hasContent() && fresh) {
            notes.add("started afresh: earlier files have the number " + files.moveAside() + " now");
        }
        Replay replay = Replay.of(files);
        RunStarted before = replay.ledger().run();
        if (before == null && files.hasLines()) {
            replay.ledger().close();
            notes.add("files without a journal that can be read were found: they have the number " + files.moveAside()
                    + " now");
            replay = Replay.of(files);
        } else if (before != null && !before.pipeline().equals(pipeline)) {
            replay.ledger().close();
            notes.add("the pipeline or its configuration changed: earlier files have the number " + files.moveAside()
                    + " now; equal calls come from the cache");
            replay = Replay.of(files);
            before = null;
        } else if (before != null && !before.dataset().equals(dataset)) {
            notes.add("the dataset was '" + before.dataset() + "' and is '" + dataset
                    + "' now: rows with the same id and content are kept; a copy of what was there has the number "
                    + files.copyAside());
        }
        int runs = before == null ? 0 : before.run();
        boolean isDamaged = !replay.damage().isEmpty();
        return new Found(isDamaged ? repair(replay, files, notes) : replay, runs, replay.cutBytes(), isDamaged, notes);
    }

    /** Keeps a copy of the files for whoever changed them, and leaves out what does not hold. */
    private static Replay repair(Replay damaged, RunFiles files, List<String> notes) throws IOException {
        boolean copied = damaged.damage().stream().anyMatch(Damage::isThere);
        String copy = copied ? "; a copy of what was there has the number " + files.copyAside() : "";
        damaged.damage().forEach(file -> notes.add(file.what() + (file.isThere() ? copy : "")));
        if (damaged.lost() == 0) {
            return damaged;
        }
        try (Ledger rows = damaged.ledger();
                LineFile someResults = LineFile.open(files.results());
                LineFile someDeadLetters = LineFile.open(files.deadLetters())) {
            rows.rows().passAll();
            new Compaction(files, rows).run(someResults, someDeadLetters);
        }
        return Replay.of(files);
    }
}
