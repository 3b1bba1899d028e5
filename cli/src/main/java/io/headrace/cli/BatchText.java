package io.headrace.cli;

import static io.headrace.cli.ProgressText.count;
import static io.headrace.cli.ProgressText.number;

import io.headrace.batch.BatchQueue;
import io.headrace.batch.BatchStatus;
import io.headrace.batch.BatchStatus.State;
import io.headrace.batch.BatchTotals;
import io.headrace.batch.QueueSnapshot;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** How a queue of batches stands, for people. */
final class BatchText {

    private BatchText() {}

    /** On one short line, while it is waited for. */
    static String line(QueueSnapshot queue) {
        long done = 0;
        long out = 0;
        for (BatchStatus batch : queue.batches()) {
            if (isOut(batch.state())) {
                out++;
                done += batch.counts().succeeded() + batch.counts().failed();
            }
        }
        return "waiting for " + batches(out) + ": " + number(done) + " of " + number(queue.out()) + " requests done"
                + (queue.waiting() > 0 ? ", " + number(queue.waiting()) + " not submitted yet" : "");
    }

    /** For the end of a command, on a part of a line. */
    static String summary(QueueSnapshot queue) {
        List<String> parts = new ArrayList<>();
        long out =
                queue.batches().stream().filter(batch -> isOut(batch.state())).count();
        if (out > 0) {
            parts.add(batches(out) + " out with " + count(queue.out(), "request"));
        }
        if (queue.waiting() > 0) {
            parts.add(count(queue.waiting(), "request") + " to be submitted");
        }
        if (queue.totals().requests() > 0) {
            parts.add(totals(queue.totals()));
        }
        return parts.isEmpty() ? "none" : String.join("; ", parts);
    }

    /** Behind the summary of a run. */
    static void summary(BatchQueue queue, boolean waits, PrintWriter out) {
        NamedLine.line(out, "batches", summary(BatchCommand.snapshot(queue)));
        if (waits) {
            NamedLine.line(out, "", "the same command collects them when they have ended; with --wait it waits");
        }
        out.flush();
    }

    /** Everything, batch by batch. */
    static void print(QueueSnapshot queue, Instant now, PrintWriter out) {
        out.printf(Locale.ROOT, "batches: %s%n", summary(queue));
        if (!queue.isIdle()) {
            out.printf(
                    Locale.ROOT,
                    "at most %s for what waits, is out, or came back unread%n",
                    CostText.of(queue.outstanding()));
        }
        if (!queue.batches().isEmpty()) {
            out.printf(
                    Locale.ROOT,
                    "  %5s  %-11s %8s %8s %10s  %-10s %s%n",
                    "pack",
                    "state",
                    "requests",
                    "answered",
                    "unanswered",
                    "age",
                    "id");
        }
        for (BatchStatus batch : queue.batches()) {
            boolean isCollected = batch.state() == State.COLLECTED;
            BatchTotals totals = batch.totals();
            Instant since = batch.submittedAt();
            out.printf(
                    Locale.ROOT,
                    "  %5d  %-11s %8s %8s %10s  %-10s %s%n",
                    batch.number(),
                    batch.state().name().toLowerCase(Locale.ROOT).replace('_', ' '),
                    number(batch.requests()),
                    number(isCollected ? totals.answered() : batch.counts().succeeded()),
                    number(
                            isCollected
                                    ? totals.requests() - totals.answered()
                                    : batch.counts().failed()),
                    since == null ? "" : Durations.format(Duration.between(since, now)),
                    batch.id());
        }
        out.flush();
    }

    private static boolean isOut(State state) {
        return state == State.OUT || state == State.IN_DOUBT || state == State.SUBMITTING;
    }

    private static String totals(BatchTotals totals) {
        List<String> parts = new ArrayList<>();
        parts.add(number(totals.answered()) + " answered for " + CostText.of(totals.cost()));
        if (!totals.wasted().isNone()) {
            parts.add("at most " + CostText.of(totals.wasted()) + " for answers that may not be kept or were lost");
        }
        add(parts, totals.failed(), "failed");
        add(parts, totals.again(), "in a later batch again");
        add(parts, totals.online(), "left to be asked for online");
        add(parts, totals.cancelled(), "cancelled");
        return String.join(", ", parts);
    }

    private static void add(List<String> parts, long number, String what) {
        if (number > 0) {
            parts.add(number(number) + " " + what);
        }
    }

    static String batches(long batches) {
        return number(batches) + (batches == 1 ? " batch" : " batches");
    }
}
