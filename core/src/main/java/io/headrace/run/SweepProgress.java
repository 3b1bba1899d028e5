package io.headrace.run;

import io.headrace.Cost;
import io.headrace.Usage;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.ToLongFunction;

/**
 * Where a sweep stands.
 *
 * @param elapsed since it started
 * @param configurations in their order
 * @param stopping why it is being stopped; empty while it goes on
 */
public record SweepProgress(Duration elapsed, List<Configuration> configurations, Optional<String> stopping) {

    /** What became of a configuration. */
    public enum State {
        WAITING,
        RUNNING,
        ENDED
    }

    /**
     * One configuration.
     *
     * @param progress of its run, the last one if that has ended; empty before the first
     */
    public record Configuration(String name, State state, Optional<Progress> progress) {}

    public SweepProgress {
        configurations = List.copyOf(configurations);
    }

    /** Configurations in {@code state}. */
    public long count(State state) {
        return configurations.stream()
                .filter(configuration -> configuration.state() == state)
                .count();
    }

    /** Rows done, over all configurations and all resumptions. */
    public long done() {
        return sum(Progress::done);
    }

    /** Failed rows among them. */
    public long failed() {
        return sum(Progress::failed);
    }

    /** Attempts sent in this run of the sweep. */
    public long sent() {
        return sum(Progress::sent);
    }

    /** Calls that the cache answered in this run of the sweep. */
    public long cached() {
        return sum(Progress::cached);
    }

    /** Tokens paid for in this run of the sweep. */
    public Usage usage() {
        return progresses().stream().map(Progress::usage).reduce(Usage.ZERO, Usage::plus);
    }

    /** Money paid in this run of the sweep. */
    public Cost cost() {
        return progresses().stream().map(Progress::cost).reduce(Cost.ZERO, Cost::plus);
    }

    private long sum(ToLongFunction<Progress> of) {
        return progresses().stream().mapToLong(of).sum();
    }

    private List<Progress> progresses() {
        return configurations.stream()
                .flatMap(configuration -> configuration.progress().stream())
                .toList();
    }
}
