package io.headrace.cli;

import io.headrace.ApiException;
import io.headrace.StorageException;
import io.headrace.batch.BatchApi;
import io.headrace.batch.BatchQueue;
import io.headrace.batch.BatchStatus;
import io.headrace.batch.BatchStatus.State;
import io.headrace.batch.QueueSnapshot;
import io.headrace.cache.ResponseCache;
import io.headrace.layer.CallStack;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code headrace batch cancel}: asks the provider to stop. */
@Command(
        name = "cancel",
        description = {
            "Gives up what is not submitted and asks the provider to cancel what is. What is finished by then is paid for, and the"
                    + " next run with --mode batch collects it; what is not, it asks for anew.",
            "Needs --base-url, and takes the other options of the run that say who answers, and the same --cache.",
            ""
        },
        footer = {
            "",
            "Exit codes: 0 all are cancelled, 1 bad usage, a run works on the batches, or some could not be cancelled, 4 it is not"
                    + " known yet whether the provider has some."
        })
final class BatchCancel implements Callable<Integer> {

    private static final String NOTED =
            "The wish is noted: the next run with --mode batch asks again, and so does this command";

    private final Surroundings surroundings;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            order = 10,
            defaultValue = "out",
            description = "The directory of the run or sweep. Default: ./${DEFAULT-VALUE}.")
    private Path out = Path.of("out");

    @Mixin
    private final AnswerFolder answers;

    @Mixin
    private final ProviderOptions provider;

    BatchCancel(Surroundings surroundings) {
        this.surroundings = surroundings;
        this.provider = new ProviderOptions(surroundings);
        this.answers = new AnswerFolder(surroundings);
    }

    @Override
    public Integer call() {
        if (provider.isSimulatedHere()) {
            throw new UsageProblem("--base-url says whom to ask: give it as the run was given it");
        }
        try (BatchQueue queue = BatchCommand.open(out);
                ResponseCache cache = answers.open();
                Backend backend = provider.open(new SimulatorSettings(Duration.ZERO, 0, 0, 0))) {
            CallStack.chat(backend.chat())
                    .cache(cache)
                    .batches(queue, backend.batches())
                    .build(); // serves them
            Optional<ApiException> refused = cancel(queue);
            QueueSnapshot snapshot = BatchCommand.snapshot(queue);
            surroundings.out().println("batches: " + BatchText.summary(snapshot));
            surroundings.out().flush();
            refused.ifPresent(error -> {
                throw new UsageProblem(
                        "not all batches that are out were cancelled at " + backend.description() + ". " + NOTED + ": "
                                + error.getMessage(),
                        error);
            });
            checkAllWereAsked(snapshot, backend.batches());
            return exitCode(snapshot);
        }
    }

    /** Why a batch was not cancelled; empty if all were that are known to be out. */
    private static Optional<ApiException> cancel(BatchQueue queue) {
        try {
            queue.cancel().block();
            return Optional.empty();
        } catch (ApiException e) {
            return Optional.of(e);
        } catch (StorageException e) {
            throw UsageProblem.of(e);
        }
    }

    private int exitCode(QueueSnapshot snapshot) {
        long doubts = snapshot.batches().stream()
                .filter(batch -> batch.state() == State.IN_DOUBT)
                .count();
        if (doubts == 0) {
            return ExitCode.OK;
        }
        surroundings
                .err()
                .println("headrace: " + BatchText.batches(doubts)
                        + " in doubt: whether the provider has them will show. " + NOTED);
        return ExitCode.WAITING;
    }

    /**
     * @throws UsageProblem if there are batches of somebody else than was asked
     */
    private static void checkAllWereAsked(QueueSnapshot snapshot, BatchApi<?, ?> asked) {
        List<BatchStatus> others = snapshot.batches().stream()
                .filter(batch -> batch.state() == State.OUT || batch.state() == State.IN_DOUBT)
                .filter(batch -> !batch.lane().equals(asked.identity() + " " + asked.operation()))
                .toList();
        if (!others.isEmpty()) {
            throw new UsageProblem(BatchText.batches(others.size()) + " not cancelled, of "
                    + others.get(0).lane() + " and not of " + asked.identity() + " " + asked.operation()
                    + ": give --base-url, --provider and --identity as the run was given them");
        }
    }
}
