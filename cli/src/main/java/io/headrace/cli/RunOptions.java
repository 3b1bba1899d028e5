package io.headrace.cli;

import io.headrace.run.Run;
import java.time.Duration;
import picocli.CommandLine.Option;

/** The options that say where a run begins and how it stops. */
final class RunOptions {

    @Option(
            names = "--fresh",
            order = 12,
            description = "Starts over: the files of earlier runs in --out are moved aside. Cached answers stay.")
    private boolean fresh;

    @Option(names = "--retry-failed", order = 14, description = "Tries the items in the dead letters again.")
    private boolean retryFailed;

    @Option(
            names = "--grace",
            paramLabel = "TIME",
            order = 36,
            defaultValue = "30s",
            description =
                    "How long items in flight, with all their calls, may take after Ctrl-C or SIGTERM. Default: ${DEFAULT-VALUE}.")
    private Duration grace = Duration.ZERO;

    Duration grace() {
        return grace;
    }

    /** Tells {@code run} all that was said. */
    void describe(Run.Builder<?, ?> run) {
        run.fresh(fresh).retryFailed(retryFailed).grace(grace);
    }
}
