package io.headrace.run;

import io.headrace.Cost;
import io.headrace.Usage;
import io.headrace.admission.Budget;
import io.headrace.admission.GateSnapshot;
import io.headrace.flow.FlowControl;
import io.headrace.observe.StatisticsSnapshot.Times;
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
 * @param inFlight rows read and not done, but for those that wait for batches
 * @param parked rows that wait for batches
 * @param itemsPerSecond rows done in this run a second
 * @param remaining how long the rest takes at the rate of the last half minute, which is that of what binds now; where the number of
 *     rows is known
 * @param binding what keeps the run from going faster now: {@code paused}; the resource of a {@linkplain Run.Builder#gate gate}
 *     that calls wait for, such as {@code requests per minute} or {@code budget}; {@code concurrency}, all places of a step
 *     taken; {@code downstream}, outcomes wait to be taken; {@code server}, answers are awaited; {@code input}
 * @param sent attempts sent
 * @param cached calls answered by the cache
 * @param retried retries
 * @param usage tokens paid for
 * @param cost money paid
 * @param callTime how long calls took, waiting included
 * @param gates the run's gates
 * @param budget what is spent, reserved and allowed, where there is a budget
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
        long parked,
        double itemsPerSecond,
        Optional<Duration> remaining,
        String binding,
        long sent,
        long cached,
        long retried,
        Usage usage,
        Cost cost,
        Times callTime,
        List<GateSnapshot> gates,
        Optional<Budget.Balance> budget,
        List<FlowControl.Load> steps,
        boolean paused,
        Optional<String> stopping) {

    public Progress {
        steps = List.copyOf(steps);
        gates = List.copyOf(gates);
    }

    /** Rows that have a result, a dead letter, or were filtered out. */
    public long done() {
        return ok + failed + skipped;
    }
}
