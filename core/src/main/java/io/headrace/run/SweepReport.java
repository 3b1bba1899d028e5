package io.headrace.run;

import io.headrace.run.RunReport.End;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What a sweep came to.
 *
 * @param directory where the comparison is
 * @param startedAt when this run of the sweep started
 * @param duration how long it took
 * @param configurations in their order
 */
public record SweepReport(Path directory, Instant startedAt, Duration duration, List<Configuration> configurations) {

    /**
     * One configuration.
     *
     * @param report what its run came to; empty if it did not begin, or broke before it had a report
     * @param problem why there is no report, or what broke the run; empty otherwise
     * @param end how it ended
     */
    public record Configuration(String name, Optional<RunReport> report, String problem, End end) {

        public Configuration {
            Objects.requireNonNull(name, "name");
            Objects.requireNonNull(report, "report");
            Objects.requireNonNull(problem, "problem");
            Objects.requireNonNull(end, "end");
        }

        static Configuration of(String name, RunReport report) {
            return new Configuration(name, Optional.of(report), "", report.end());
        }

        static Configuration notBegun(String name, String why) {
            return new Configuration(name, Optional.empty(), why, End.STOPPED);
        }

        static Configuration broken(String name, Optional<RunReport> report, String why) {
            return new Configuration(name, report, why, End.BROKEN);
        }

        boolean waitsForBatches() {
            return report.map(RunReport::waitsForBatches).orElse(false);
        }

        /** Why it did not finish; empty if it did. */
        public String reason() {
            return problem.isEmpty() ? report.map(RunReport::reason).orElse("") : problem;
        }
    }

    public SweepReport {
        Objects.requireNonNull(directory, "directory");
        Objects.requireNonNull(startedAt, "startedAt");
        Objects.requireNonNull(duration, "duration");
        configurations = List.copyOf(configurations);
    }

    /** Finished if all are; else broken if one is; else stopped by policy if one is; else stopped if one is; else waiting. */
    public End end() {
        for (End end : List.of(End.BROKEN, End.STOPPED_BY_POLICY, End.STOPPED, End.WAITING)) {
            if (configurations.stream().anyMatch(configuration -> configuration.end() == end)) {
                return end;
            }
        }
        return End.FINISHED;
    }

    /** Whether a configuration {@linkplain RunReport#waitsForBatches waits for batches}, and each other one does too or has finished. */
    public boolean waitsForBatches() {
        return configurations.stream().anyMatch(Configuration::waitsForBatches)
                && configurations.stream().allMatch(each -> each.end() == End.FINISHED || each.waitsForBatches());
    }

    /** The configurations side by side for people, as in {@code comparison.txt}; values above 24 characters are cut. */
    public String table() {
        return Comparison.text(this);
    }
}
