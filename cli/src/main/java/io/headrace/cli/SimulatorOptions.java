package io.headrace.cli;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How the simulated provider in this process behaves, as options of a command. */
final class SimulatorOptions {

    private static final int USUAL_LATENCY_MILLIS = 20;

    @Option(
            names = "--sim-latency",
            paramLabel = "TIME",
            order = 40,
            description = "Time for one answer of the simulated provider, such as 100ms. Default: "
                    + USUAL_LATENCY_MILLIS + "ms.")
    private @Nullable Duration latency;

    @Option(
            names = "--sim-spread",
            paramLabel = "SIGMA",
            order = 41,
            description = "Spread of these times, 0 to 3: log-normal round --sim-latency, 0.5 is usual. Default: 0.")
    private @Nullable Double spread;

    @Option(
            names = "--sim-faults",
            paramLabel = "SHARE",
            order = 42,
            description = "Share of its requests that fail, 0 to 1. Default: 0.")
    private @Nullable Double faults;

    @Option(
            names = "--sim-seed",
            paramLabel = "N",
            order = 43,
            description = "Which of its requests fail: the same seed fails the same ones. Default: 0.")
    private @Nullable Long seed;

    /**
     * @throws UsageProblem for a number out of its range, and where {@code provider} is another one
     */
    SimulatorSettings settings(ProviderOptions provider) {
        if (!provider.isSimulatedHere() && (latency != null || spread != null || faults != null || seed != null)) {
            throw new UsageProblem(
                    "--sim-latency, --sim-spread, --sim-faults and --sim-seed are for the simulated provider"
                            + " in this process; with --base-url, give --latency, --spread, --faults and --seed to 'headrace"
                            + " simulate'");
        }
        double sigma = spread == null ? 0 : spread;
        Checks.spread("--sim-spread", sigma);
        double share = faults == null ? 0 : faults;
        Checks.share("--sim-faults", share);
        return new SimulatorSettings(
                latency == null ? Duration.ofMillis(USUAL_LATENCY_MILLIS) : latency,
                sigma,
                share,
                seed == null ? 0 : seed);
    }
}
