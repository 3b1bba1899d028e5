package io.headrace.cli;

import io.headrace.batch.BatchQueue;
import io.headrace.batch.QueueSnapshot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Objects;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code headrace batch}: the batches of a run. */
@Command(
        name = "batch",
        description = {"Shows or cancels the batches of 'analyze --mode batch' and 'sweep --mode batch'.", ""},
        footer = {"", "Exit codes: 0 done, 1 bad usage, or a run works on the batches."})
final class BatchCommand {

    private final Surroundings surroundings;
    private final Clock clock;

    BatchCommand(Surroundings surroundings) {
        this(surroundings, Clock.systemUTC());
    }

    BatchCommand(Surroundings surroundings, Clock clock) {
        this.surroundings = surroundings;
        this.clock = clock;
    }

    @Command(
            name = "status",
            description = "How the batches stood when the provider was last asked. Asks nobody; needs no key.")
    int status(
            @Option(
                            names = "--out",
                            paramLabel = "DIR",
                            defaultValue = "out",
                            description = "The directory of the run or sweep. Default: ./${DEFAULT-VALUE}.")
                    Path out) {
        try (BatchQueue queue = open(out)) {
            BatchText.print(snapshot(queue), clock.instant(), surroundings.out());
        }
        return ExitCode.OK;
    }

    static BatchQueue open(Path out) {
        Path folder = BatchOptions.folder(out);
        if (!Files.isDirectory(folder)) {
            throw new UsageProblem(
                    "there are no batches in " + out + ": name the directory of a run in batch mode (--out)");
        }
        return BatchOptions.open(BatchQueue.builder(folder));
    }

    static QueueSnapshot snapshot(BatchQueue queue) {
        return Objects.requireNonNull(queue.snapshot().block());
    }
}
