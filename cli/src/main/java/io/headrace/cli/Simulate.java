package io.headrace.cli;

import io.headrace.testkit.SimulatedBatches;
import io.headrace.testkit.SimulatedProvider;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import reactor.netty.ChannelBindException;

/** {@code headrace simulate}: the simulated provider as a process of its own, until a signal ends it. */
@Command(
        name = "simulate",
        description =
                "Starts the simulated provider on the loopback address, prints its base URL on standard output and"
                        + " serves until Ctrl-C or SIGTERM. It speaks the APIs of OpenAI and Anthropic, batches too; any key is good.")
final class Simulate implements Callable<Integer> {

    @Option(
            names = "--port",
            paramLabel = "N",
            defaultValue = "0",
            description = "Port to listen on, 0 for any free one. Default: ${DEFAULT-VALUE}.")
    private int port;

    @Option(
            names = "--latency",
            paramLabel = "TIME",
            defaultValue = "0",
            description = "Time for one answer, such as 100ms or 2s. Default: ${DEFAULT-VALUE}.")
    private Duration latency = Duration.ZERO;

    @Option(
            names = "--spread",
            paramLabel = "SIGMA",
            defaultValue = "0",
            description =
                    "Spread of the times, 0 to 3: log-normal round --latency, 0.5 is usual. Default: ${DEFAULT-VALUE}.")
    private double spread;

    @Option(
            names = "--faults",
            paramLabel = "SHARE",
            defaultValue = "0",
            description =
                    "Share of requests that fail, 0 to 1: refusals, resets and cut answers. Default: ${DEFAULT-VALUE}.")
    private double faults;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "Which requests fail: the same seed fails the same ones. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = "--log",
            paramLabel = "FILE",
            description = "Appends one JSON line for each request that ended. It is written before the answer leaves.")
    private @Nullable Path log;

    @Option(
            names = "--answer-occurrences",
            description = "Ends each answer with how often its request has been answered.")
    private boolean answerOccurrences;

    @Option(
            names = "--batch-delay",
            paramLabel = "TIME",
            defaultValue = "0",
            description = "Time that a batch takes, such as 30s. Default: ${DEFAULT-VALUE}.")
    private Duration batchDelay = Duration.ZERO;

    @Option(
            names = "--batch-window",
            paramLabel = "TIME",
            defaultValue = "24h",
            description = "Time after which a batch expires and keeps what is done. Default: ${DEFAULT-VALUE}.")
    private Duration batchWindow = Duration.ofHours(24);

    @Option(
            names = "--batch-failures",
            paramLabel = "SHARE",
            defaultValue = "0",
            description = "Share of the requests of batches that fail, 0 to 1. Default: ${DEFAULT-VALUE}.")
    private double batchFailures;

    @Option(
            names = "--batch-missing",
            paramLabel = "SHARE",
            defaultValue = "0",
            description =
                    "Share of the requests of batches that no result tells of, 0 to 1. Default: ${DEFAULT-VALUE}.")
    private double batchMissing;

    @Option(
            names = "--batch-log",
            paramLabel = "FILE",
            description = "Appends one JSON line for each batch that was made, before its answer leaves.")
    private @Nullable Path batchLog;

    @Mixin
    private final LimitOptions limits = new LimitOptions();

    private final Surroundings surroundings;

    Simulate(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        Checks.needs("--spread", spread != 0, "--latency", !latency.isZero());
        Checks.share("--faults", faults);
        Checks.spread("--spread", spread);
        Checks.range("--port", port, 0, 65_535);
        Checks.share("--batch-failures", batchFailures);
        Checks.share("--batch-missing", batchMissing);
        SimulatedProvider.Builder builder = new SimulatorSettings(latency, spread, faults, seed)
                .builder()
                .port(port)
                .answerOccurrences(answerOccurrences)
                .batches(SimulatedBatches.DEFAULT
                        .delay(batchDelay)
                        .window(batchWindow)
                        .share(SimulatedBatches.Fate.FAILED, batchFailures)
                        .share(SimulatedBatches.Fate.MISSING, batchMissing))
                .countOccurrences(faults > 0 || answerOccurrences || log != null);
        limits.describe(builder);
        if (log != null) {
            builder.logFile(log);
        }
        if (batchLog != null) {
            builder.batchLog(batchLog);
        }
        try (SimulatedProvider provider = builder.start()) {
            surroundings.out().println(provider.baseUrl() + Backend.API_PATH);
            surroundings.signals().first().block();
            return ExitCode.OK;
        } catch (ChannelBindException e) {
            throw new UsageProblem("port " + port + " is taken: choose another --port, or 0 for any free one", e);
        } catch (UncheckedIOException e) {
            throw UsageProblem.of(e);
        }
    }
}
