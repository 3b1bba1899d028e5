package io.headrace.cli;

import io.headrace.admission.AdaptiveSpec;
import io.headrace.admission.BreakerSpec;
import io.headrace.admission.CoolDownSpec;
import io.headrace.admission.Gate;
import io.headrace.admission.GateBuilder;
import io.headrace.admission.LearnedStore;
import io.headrace.flow.MapStep;
import io.headrace.provider.http.FileDescriptors;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say how hard a provider is asked, and for how long in vain. */
final class GateOptions {

    /** Where a run starts that knows nothing of its provider. */
    static final int USUAL_CONCURRENCY = 100;

    private static final int MAX_CONCURRENCY = 10_000;

    private static final int FIRST_ANSWER_SECONDS = 30;

    @Option(
            names = "--concurrency",
            paramLabel = "N",
            order = 30,
            description = "Calls in flight at once, 1 to " + MAX_CONCURRENCY + ". Default: found by use, from "
                    + USUAL_CONCURRENCY + " or from what an earlier run found, up to 1000.")
    private @Nullable Integer concurrency;

    @Option(
            names = "--give-up-after",
            paramLabel = "TIME",
            order = 32,
            defaultValue = "10m",
            description =
                    "Stops, with the rest pending, when the provider has answered nothing for so long or asks for a longer wait, and"
                            + " after " + FIRST_ANSWER_SECONDS
                            + "s at most if it never answered. Default: ${DEFAULT-VALUE}.")
    private Duration giveUpAfter = Duration.ZERO;

    /**
     * @throws UsageProblem for a number out of its range
     */
    void check() {
        if (concurrency != null) {
            Checks.range("--concurrency", concurrency, 1, MAX_CONCURRENCY);
        }
        if (giveUpAfter.toMillis() < 1) {
            throw new UsageProblem("--give-up-after must be positive, such as 10m");
        }
    }

    /** What the user said; else what is found by use counts. */
    OptionalInt concurrency() {
        return concurrency == null ? OptionalInt.empty() : OptionalInt.of(concurrency);
    }

    /**
     * The gate of {@code backend}.
     *
     * @param cache the folder that keeps what was learned of its limits
     */
    Gate gate(Backend backend, Path cache) {
        GateBuilder gate = Gate.builder(backend.quota())
                .breaker(breaker())
                .coolDown(CoolDownSpec.standard().refusedFor(giveUpAfter).longestHint(giveUpAfter));
        if (concurrency != null) {
            gate.concurrency(concurrency);
        } else {
            gate.adaptive(AdaptiveSpec.standard().unlearned(USUAL_CONCURRENCY, Double.MAX_VALUE));
        }
        if (backend.isSimulated()) {
            return gate.build(); // its limits are those of this run's options
        }
        LearnedStore limits = LearnedStore.in(cache.resolve("limits"));
        return gate.learnedIn(backend.key() == null ? limits : limits.providersKey(backend.key()))
                .build();
    }

    /** {@code step} with the window that the user stated; any other follows the gate. */
    <I, O> MapStep<I, O> windowed(MapStep<I, O> step) {
        return concurrency == null ? step : step.concurrency(concurrency);
    }

    /**
     * Says if the process may not open as many connections as there will be.
     *
     * @param isServerHere whether the other end of each is in this process too
     */
    void warn(Console console, boolean isServerHere) {
        int calls = concurrency == null ? USUAL_CONCURRENCY : concurrency;
        FileDescriptors.shortage(isServerHere ? 2 * calls : calls)
                .ifPresent(shortage -> console.line("headrace: warning: " + shortage));
    }

    private BreakerSpec breaker() {
        BreakerSpec standard = BreakerSpec.standard();
        Duration firstAnswer = Duration.ofSeconds(FIRST_ANSWER_SECONDS);
        Duration third = giveUpAfter.dividedBy(3).plusMillis(1);
        return standard.openFor(third.compareTo(standard.openFor()) < 0 ? third : standard.openFor())
                .giveUpAfter(giveUpAfter)
                .firstAnswerWithin(giveUpAfter.compareTo(firstAnswer) < 0 ? giveUpAfter : firstAnswer);
    }
}
