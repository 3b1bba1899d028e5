package io.headrace.run;

import io.headrace.Codec;
import io.headrace.ErrorKind;
import io.headrace.ErrorText;
import io.headrace.Item;
import io.headrace.Item.Expansion;
import io.headrace.Outcome;
import io.headrace.Tally;
import io.headrace.run.JournalRecord.Done;
import io.headrace.run.JournalRecord.Leaf;
import io.headrace.run.JournalRecord.Line;
import io.headrace.run.JournalRecord.Sink;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Turns outcomes into lines and records and writes them by groups. One thread at a time. */
final class GroupWriter<O> {

    private static final String STEP = "results";

    private final RunDirectory directory;
    private final ValueWriter<O> values;
    private final JsonLine results = new JsonLine();
    private final JsonLine deadLetters = new JsonLine();
    private final List<JournalRecord> records = new ArrayList<>();
    private final List<Outcome<O>> outcomes = new ArrayList<>();
    private final Set<Long> keys = new HashSet<>();

    GroupWriter(RunDirectory directory, Codec<O> codec) {
        this.directory = directory;
        this.values = new ValueWriter<>(codec);
    }

    /** Takes an outcome into the group; false if it is recorded already, and if it waits for a batch. */
    boolean add(Outcome<O> outcome) throws IOException {
        if (outcome instanceof Outcome.Failed<O> failed && failed.kind() == ErrorKind.PARKED) {
            return false;
        }
        Item<?> item = outcome.item();
        int[] path = path(item.expansion());
        long key = RowKey.of(item.rowId());
        if (outcome instanceof Outcome.Failed<O> failed && failed.kind() == ErrorKind.DUPLICATE_ID) {
            key = directory.duplicateKey(key, item.ordinal());
        }
        boolean isDone =
                path == null ? directory.isDone(key) || !keys.add(key) : directory.isDone(key, item.version(), path);
        if (isDone) {
            return false;
        }
        Outcome<O> written = outcome;
        Line line;
        if (outcome instanceof Outcome.Ok<O> ok) {
            try {
                line = result(ok);
            } catch (RuntimeException | AssertionError | StackOverflowError | LinkageError e) {
                results.drop();
                Outcome.Failed<O> failed = new Outcome.Failed<>(
                        item,
                        STEP,
                        ErrorKind.STEP_FAILED,
                        "the result cannot be written: " + ErrorText.of(e),
                        ok.tally());
                written = failed;
                line = deadLetter(failed);
            }
        } else if (outcome instanceof Outcome.Failed<O> failed) {
            line = deadLetter(failed);
        } else {
            line = Line.NONE;
        }
        Tally tally = outcome.tally();
        int status = status(written);
        records.add(
                path == null
                        ? new Done(key, item.ordinal(), item.version(), status, line, tally)
                        : new Leaf(key, item.ordinal(), item.version(), path, status, line, tally));
        outcomes.add(written);
        return true;
    }

    /** Makes the group durable and then hands its outcomes to {@code durable}. */
    void commit(Queue<Outcome<O>> durable) throws IOException {
        if (!records.isEmpty()) {
            directory.write(results, deadLetters, records);
            durable.addAll(outcomes);
            results.reset();
            deadLetters.reset();
            records.clear();
            outcomes.clear();
            keys.clear();
        }
    }

    /** What to tell of {@code e}, thrown here. */
    UncheckedIOException failure(IOException e) {
        return directory.failure("written", e);
    }

    private Line result(Outcome.Ok<O> ok) {
        Tally tally = ok.tally();
        boolean tokensKnown = tally.usage().isKnown();
        identity(results.begin(), ok.item())
                .json("value", values.write(ok.value()))
                .field("durationMs", tally.elapsed())
                .field("queueMs", tally.queued())
                .field("attempts", tally.attempts())
                .field("cached", tally.calls() > 0 && tally.cached() == tally.calls());
        if (tokensKnown) {
            results.field("inputTokens", tally.usage().inputTokens())
                    .field("outputTokens", tally.usage().outputTokens());
        } else {
            results.missing("inputTokens").missing("outputTokens");
        }
        cost(results, tally);
        int crc = results.end();
        return new Line(Sink.RESULTS, directory.resultsLength() + results.length(), crc);
    }

    private Line deadLetter(Outcome.Failed<O> failed) {
        Tally tally = failed.tally();
        identity(deadLetters.begin(), failed.item())
                .field("step", failed.step())
                .field("kind", failed.kind().label())
                .field("message", failed.message())
                .field("attempts", tally.attempts())
                .field("durationMs", tally.elapsed());
        cost(deadLetters, tally);
        int crc = deadLetters.end();
        return new Line(Sink.DEAD_LETTERS, directory.deadLettersLength() + deadLetters.length(), crc);
    }

    /** Row and child may have one id, {@code a/0}: the child's line names its row. */
    private static JsonLine identity(JsonLine line, Item<?> item) {
        line.field("id", item.id()).field("ordinal", item.ordinal());
        return item.expansion() == null ? line : line.field("row", item.rowId());
    }

    private static void cost(JsonLine line, Tally tally) {
        if (tally.cost().isKnown()) {
            line.field("costUsd", tally.cost().usd());
        } else {
            line.missing("costUsd");
        }
    }

    private static int status(Outcome<?> outcome) {
        return outcome instanceof Outcome.Failed<?> failed
                ? RowStatus.failed(failed.kind())
                : outcome instanceof Outcome.Ok ? RowStatus.OK : RowStatus.SKIPPED;
    }

    /** Index and number of siblings, alternating, from the row downwards; null for a row. */
    private static int @Nullable [] path(@Nullable Expansion expansion) {
        if (expansion == null) {
            return null;
        }
        Deque<Expansion> levels = new ArrayDeque<>();
        for (Expansion at = expansion; at != null; at = at.parent()) {
            levels.push(at);
        }
        int[] path = new int[levels.size() * 2];
        int i = 0;
        for (Expansion level : levels) {
            path[i++] = level.index();
            path[i++] = level.count();
        }
        return path;
    }
}
