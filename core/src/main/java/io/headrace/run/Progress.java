package io.headrace.run;

import io.headrace.Cost;
import io.headrace.Usage;
import io.headrace.flow.FlowControl;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Where a run stands. Rows are counted over all resumptions, calls and money in this run.
 *
 * @param elapsed since this run started
 * @param in rows of the dataset, where their number is known
 * @param read rows read in this pass so far
 * @param pending rows that are not done, where {@code in} is known
 * @param inFlight rows read and not done
 * @param itemsPerSecond rows done in this run a second
 * @param remaining how long the rest takes at that rate, where both are known
 * @param sent attempts sent
 * @param cached calls answered by the cache
 * @param retried retries
 * @param usage tokens paid for
 * @param cost money paid
 * @param steps how busy each step is
 * @param paused whether the run is paused
 * @param stopping why the run is being stopped; empty while it goes on
 */
public record Progress(
        Duration elapsed,
        OptionalLong in,
        long read,
        long ok,
        long failed,
        long skipped,
        OptionalLong pending,
        long inFlight,
        double itemsPerSecond,
        Optional<Duration> remaining,
        long sent,
        long cached,
        long retried,
        Usage usage,
        Cost cost,
        List<FlowControl.Load> steps,
        boolean paused,
        Optional<String> stopping) {

    public Progress {
        steps = List.copyOf(steps);
    }

    /** Rows that have a result, a dead letter, or were filtered out. */
    public long done() {
        return ok + failed + skipped;
    }
}
