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
            "Takes --base-url and the other options of the run that say who answers, and the same --cache.",
            ""
        })
final class BatchCancel implements Callable<Integer> {

    private final Surroundings surroundings;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            order = 10,
            defaultValue = "out",
            description = "The directory of the run or sweep. Default: ./${DEFAULT-VALUE}.")
    private Path out = Path.of("out");

    @Mixin
    private final AnswerOptions answers;

    @Mixin
    private final ProviderOptions provider;

    BatchCancel(Surroundings surroundings) {
        this.surroundings = surroundings;
        this.provider = new ProviderOptions(surroundings);
        this.answers = new AnswerOptions(surroundings);
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
            try {
                queue.cancel().block();
            } catch (ApiException | StorageException e) {
                throw UsageProblem.of(e);
            }
            QueueSnapshot snapshot = BatchCommand.snapshot(queue);
            surroundings.out().println("batches: " + BatchText.summary(snapshot));
            surroundings.out().flush();
            checkAllWereAsked(snapshot, backend.batches());
        }
        return ExitCode.OK;
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
