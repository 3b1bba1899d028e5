package io.headrace.cli;

import io.headrace.ApiException;
import io.headrace.batch.BatchQueue;
import io.headrace.cache.ResponseCache;
import io.headrace.layer.CallStack;
import java.nio.file.Path;
import java.time.Duration;
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
            } catch (ApiException e) {
                throw UsageProblem.of(e);
            }
            surroundings.out().println("batches: " + BatchText.summary(BatchCommand.snapshot(queue)));
            surroundings.out().flush();
        }
        return ExitCode.OK;
    }
}
