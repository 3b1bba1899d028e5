package io.headrace.batch;

import io.headrace.Cost;
import java.util.List;

/**
 * How a queue stands.
 *
 * @param batches those that are collected, in the order in which they were, then the others, by number
 * @param waiting requests that are in no batch at a provider yet, those in doubt not counted
 * @param out requests in batches that a provider has, or that are in doubt
 * @param unclaimed answers that came back and that no pass has read yet
 * @param outstanding what the queue may still cost, see {@link BatchQueue#outstanding}
 * @param totals over all batches that are collected
 */
public record QueueSnapshot(
        List<BatchStatus> batches, long waiting, long out, long unclaimed, Cost outstanding, BatchTotals totals) {

    public QueueSnapshot {
        batches = List.copyOf(batches);
    }

    /** Whether no request waits or is out. */
    public boolean isIdle() {
        return waiting == 0 && out == 0;
    }
}
