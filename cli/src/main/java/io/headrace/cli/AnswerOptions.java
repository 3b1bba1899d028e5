package io.headrace.cli;

import io.headrace.CachePolicy;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that say where the answers are kept that were paid for, and how they are used. */
final class AnswerOptions {

    @Mixin
    final AnswerFolder folder;

    @Option(
            names = "--cache-policy",
            paramLabel = "POLICY",
            order = 12,
            defaultValue = "use",
            description =
                    "How stored answers are used: ${COMPLETION-CANDIDATES}. 'bypass' reads and stores none, 'refresh' buys"
                            + " each again once in this run, 'read-only' sends nothing, and items whose answers are not stored fail."
                            + " Default: ${DEFAULT-VALUE}.")
    private CacheUse cachePolicy = CacheUse.USE;

    @Option(
            names = "--cache-max-age",
            paramLabel = "TIME",
            order = 12,
            description = "Answers that were stored longer ago are bought again, such as 24h. Default: any age.")
    private @Nullable Duration cacheMaxAge;

    AnswerOptions(Surroundings surroundings) {
        this.folder = new AnswerFolder(surroundings);
    }

    /**
     * How they are used.
     *
     * @throws UsageProblem for an age of nothing
     */
    CachePolicy policy() {
        return cachePolicy.policy(cacheMaxAge);
    }
}
