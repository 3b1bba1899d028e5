package io.headrace.cli;

import io.headrace.StorageException;
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
        footer = {"", "Exit codes: 0 done, 1 bad usage; see also 'batch cancel --help'."})
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
            description =
                    "How the batches stood when the provider was last asked, also while a run works on them. Asks nobody;"
                            + " needs no key.")
    int status(
            @Option(
                            names = "--out",
                            paramLabel = "DIR",
                            defaultValue = "out",
                            description = "The directory of the run or sweep. Default: ./${DEFAULT-VALUE}.")
                    Path out) {
        BatchText.print(read(folder(out)), clock.instant(), surroundings.out());
        return ExitCode.OK;
    }

    /**
     * The queue in {@code out}, to be changed.
     *
     * @throws UsageProblem if a run works on it
     */
    static BatchQueue open(Path out) {
        Path folder = folder(out);
        try {
            return BatchOptions.open(BatchQueue.builder(folder));
        } catch (UsageProblem e) {
            throw new UsageProblem(
                    e.getMessage()
                            + ". If a run works on these batches, end it first, as with Ctrl-C: what is out stays out, and this"
                            + " command then cancels it",
                    e);
        }
    }

    /** How the queue in {@code folder} stands, also where a run works on it. */
    static QueueSnapshot read(Path folder) {
        try {
            return BatchQueue.read(folder);
        } catch (IllegalStateException | StorageException e) {
            throw UsageProblem.of(e);
        }
    }

    private static Path folder(Path out) {
        Path folder = BatchOptions.folder(out);
        if (!Files.isDirectory(folder)) {
            throw new UsageProblem(
                    "there are no batches in " + out + ": name the directory of a run in batch mode (--out)");
        }
        return folder;
    }

    static QueueSnapshot snapshot(BatchQueue queue) {
        return Objects.requireNonNull(queue.snapshot().block());
    }
}
