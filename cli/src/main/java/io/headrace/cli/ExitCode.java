package io.headrace.cli;

import io.headrace.run.RunReport.End;

/** What the process tells its caller; a stop by a signal ends with 128 and the signal's number. */
final class ExitCode {

    /** Every item is ok or was skipped by a filter. */
    static final int OK = 0;
    /** Options or input are wrong, or something failed that is no item's and no call's fault. */
    static final int USAGE = 1;
    /** The run is finished, but some items are in the dead letters or the summary could not be made. */
    static final int INCOMPLETE = 2;
    /** A policy stopped the run early, or the JVM for want of memory, which has this code for it; the rest is pending. */
    static final int STOPPED = 3;
    /** Everything that could be done is done; the rest waits for batches, and the same command run again goes on. */
    static final int WAITING = 4;

    private ExitCode() {}

    /**
     * That of a run or a sweep.
     *
     * @param waits whether it goes on by itself when batches have ended
     * @param finished if it is finished
     * @param bySignal of the signal that stopped it, 0 for none
     */
    static int of(End end, boolean waits, int finished, int bySignal) {
        return switch (end) {
            case FINISHED -> finished;
            case STOPPED -> bySignal == 0 ? STOPPED : bySignal;
            case WAITING -> bySignal == 0 ? WAITING : bySignal;
            case STOPPED_BY_POLICY -> waits ? WAITING : STOPPED;
            case BROKEN -> USAGE;
        };
    }
}
