package io.headrace.cli;

import io.headrace.testkit.SimulatedProvider;
import io.headrace.testkit.SimulatedQuota;
import io.headrace.testkit.SimulatedQuota.Dimension;
import io.headrace.testkit.SimulatedQuota.Rate;
import io.headrace.testkit.SimulatorChange;
import io.headrace.testkit.SimulatorScript;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a simulated provider allows, as options of a command. */
final class LimitOptions {

    private static final long MOST = 100_000_000_000L;
    private static final int USUAL_BURST_MINUTES = 1;

    @Option(
            names = "--requests-per-minute",
            paramLabel = "N",
            description = "Requests that each key may make in a minute; more are answered 429. Default: no limit.")
    private @Nullable Long requestsPerMinute;

    @Option(
            names = "--tokens-per-minute",
            paramLabel = "N",
            description =
                    "Tokens that each key may take in a minute, charged as the asked provider does: the prompt and the"
                            + " most that the answer may have. Default: no limit.")
    private @Nullable Long tokensPerMinute;

    @Option(
            names = "--burst",
            paramLabel = "TIME",
            description = "How long a time's worth of both may come at once, such as 1s. Default: "
                    + USUAL_BURST_MINUTES + "m.")
    private @Nullable Duration burst;

    @Option(
            names = "--max-concurrent",
            paramLabel = "N",
            defaultValue = "0",
            description = "Requests that each key may have open at once; more are answered 429. Default: no limit.")
    private int maxConcurrent;

    @Option(
            names = "--workers",
            paramLabel = "N",
            defaultValue = "0",
            description =
                    "Requests that are worked on at once, each for --latency; more wait, and none is refused. Default: all.")
    private int workers;

    @Option(
            names = "--script",
            paramLabel = "FILE",
            description =
                    "JSON of quotas and of what changes when: keys and models with limits of their own, storms of 429, keys that"
                            + " are revoked. It can also be posted to /simulator/script while the simulator runs.")
    private @Nullable Path script;

    @Option(names = "--hide-limits", description = "Leaves the rate-limit headers out of the answers.")
    private boolean hideLimits;

    /** Tells {@code builder} all that was said. */
    void describe(SimulatedProvider.Builder builder) {
        Checks.needs(
                "--burst",
                burst != null,
                "--requests-per-minute or --tokens-per-minute",
                requestsPerMinute != null || tokensPerMinute != null);
        SimulatedQuota quota = limit(SimulatedQuota.unlimited(), Dimension.REQUESTS, "requests", requestsPerMinute);
        quota = limit(quota, Dimension.TOKENS, "tokens", tokensPerMinute);
        Checks.range("--max-concurrent", maxConcurrent, 0, Integer.MAX_VALUE);
        quota = quota.maxConcurrent(maxConcurrent);
        Checks.range("--workers", workers, 0, Integer.MAX_VALUE);
        List<SimulatorScript.Step> steps = new ArrayList<>();
        if (!quota.equals(SimulatedQuota.unlimited())) {
            steps.add(new SimulatorScript.Step(Duration.ZERO, SimulatorChange.quota(quota)));
        }
        if (workers > 0) {
            steps.add(new SimulatorScript.Step(Duration.ZERO, SimulatorChange.workers(workers)));
        }
        if (script != null) {
            steps.addAll(read(script).steps());
        }
        builder.script(new SimulatorScript(steps)).limitHeaders(!hideLimits);
    }

    private SimulatedQuota limit(SimulatedQuota quota, Dimension dimension, String name, @Nullable Long perMinute) {
        if (perMinute == null) {
            return quota;
        }
        Checks.range("--" + name + "-per-minute", perMinute, 1, MOST);
        double atOnce = Math.ceil(perMinute * (burst == null ? USUAL_BURST_MINUTES : burst.toNanos() / 60e9));
        return quota.limit(dimension, new Rate(perMinute, (long) Math.min(MOST, Math.max(1, atOnce))));
    }

    private static SimulatorScript read(Path file) {
        try {
            return SimulatorScript.read(file);
        } catch (UncheckedIOException e) {
            throw UsageProblem.of(e);
        } catch (IllegalArgumentException e) {
            throw new UsageProblem("--script " + file + ": " + e.getMessage(), e);
        }
    }
}
