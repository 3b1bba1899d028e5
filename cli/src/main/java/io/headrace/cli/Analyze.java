package io.headrace.cli;

import io.headrace.CachePolicy;
import io.headrace.admission.Budget;
import io.headrace.batch.BatchQueue;
import io.headrace.cache.ResponseCache;
import io.headrace.dataset.Dataset;
import io.headrace.examples.analysis.Analysis;
import io.headrace.examples.analysis.DocumentAnalysis;
import io.headrace.examples.analysis.DocumentTopics;
import io.headrace.flow.MapStep;
import io.headrace.flow.Pipeline;
import io.headrace.memory.MemoryProbe;
import io.headrace.run.Estimate;
import io.headrace.run.Run;
import io.headrace.run.RunReport;
import io.headrace.run.RunReport.End;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code headrace analyze}: runs the document-analysis pipeline over a dataset. */
@Command(
        name = "analyze",
        description = {
            "Extracts the topics of each document, classifies it, and sums up the corpus. Killed at any moment and run again,"
                    + " it goes on where it was; run again when finished, it sends nothing.",
            ""
        },
        footer = {
            "",
            "Exit codes: 0 all ok, 1 bad usage or input, 2 finished with dead letters or without the summary, 3 stopped early by policy"
                    + " or for want of memory, 4 batches are out and the same command goes on when they have ended, 129, 130"
                    + " and 143 stopped by SIGHUP, Ctrl-C and SIGTERM."
        })
final class Analyze implements Callable<Integer> {

    private static final int MAX_REASONING_TOKENS = 1_000_000;
    private static final int USUAL_LATENCY_SECONDS = 1;

    private final Surroundings surroundings;

    @Mixin
    private final AnalysisOptions options;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            order = 10,
            defaultValue = "out",
            description = "Where results, dead letters, summary and report go. Default: ./${DEFAULT-VALUE}.")
    private Path out = Path.of("out");

    @Option(names = "--clear-cache", order = 13, description = "Forgets all cached answers first.")
    private boolean clearCache;

    @Option(
            names = "--estimate",
            order = 9,
            description =
                    "Sends nothing and writes nothing but this: calls, tokens, money, memory and time that the run would"
                            + " take, and what the cache holds already. Without the call of the summary.")
    private boolean estimateOnly;

    @Option(
            names = "--latency",
            paramLabel = "TIME",
            order = 9,
            description = "For --estimate: time for one call. Default: " + USUAL_LATENCY_SECONDS + "s.")
    private @Nullable Duration latency;

    @Option(
            names = "--reasoning-tokens",
            paramLabel = "N",
            order = 24,
            defaultValue = "0",
            description =
                    "For a reasoning model: output tokens that each call gets for its thinking, and no temperature."
                            + " Default: ${DEFAULT-VALUE}, a model that answers at once.")
    private int reasoningTokens;

    @Option(
            names = "--ordered",
            order = 31,
            description = "Writes results in the order of the input; slow items then hold up others.")
    private boolean ordered;

    Analyze(Surroundings surroundings) {
        this.surroundings = surroundings;
        this.options = new AnalysisOptions(surroundings);
    }

    @Override
    public Integer call() {
        SimulatorSettings simulated = options.check(out);
        Checks.range("--reasoning-tokens", reasoningTokens, 0, MAX_REASONING_TOKENS);
        Checks.needs("--latency", latency != null, "--estimate", estimateOnly);
        if (estimateOnly && clearCache) {
            throw new UsageProblem("--estimate changes nothing: leave out --clear-cache");
        }
        if (clearCache && options.answers.policy().mode() == CachePolicy.Mode.READ_ONLY) {
            throw new UsageProblem("--clear-cache leaves nothing that --cache-policy read-only could read");
        }
        // first: it opens on a thread of its own meanwhile
        try (ResponseCache cache =
                estimateOnly ? options.answers.folder.openIfThere() : options.answers.folder.open()) {
            Dataset<String> dataset = options.input.dataset();
            try (Backend backend = options.provider.open(simulated)) {
                Budget cap = options.budget.budget(List.of(backend.model()));
                if (clearCache) { // when nothing is refused any more
                    cache.clear().block();
                }
                if (estimateOnly) {
                    return estimate(dataset, backend, options.calls(backend, cache, null, cap));
                }
                try (BatchQueue queue = options.queue(out)) {
                    return analyze(dataset, backend, options.calls(backend, cache, queue, cap));
                }
            }
        }
    }

    private int estimate(Dataset<String> dataset, Backend backend, AnalysisCalls calls) {
        surroundings.err().println(options.head(dataset, backend, "model " + backend.model()));
        Estimate estimate = Estimate.of(options.input.first(dataset), pipeline(analysis(backend, calls)))
                .concurrency(options.limits.concurrency().orElse(GateOptions.USUAL_CONCURRENCY))
                .latency(latency == null ? Duration.ofSeconds(USUAL_LATENCY_SECONDS) : latency)
                .gate(calls.gate())
                .cachePolicy(options.answers.policy())
                .estimate()
                .block();
        EstimateText.print(
                Objects.requireNonNull(estimate), MemoryProbe.ofProcess().read(), surroundings.out());
        return ExitCode.OK;
    }

    private int analyze(Dataset<String> dataset, Backend backend, AnalysisCalls calls) {
        DocumentAnalysis analysis = analysis(backend, calls);
        Run<Analysis> run = options.run(dataset, pipeline(analysis), analysis, out, calls);
        RunReport report = options.begin(dataset, backend, "model " + backend.model(), out)
                .execute(run, options.work(calls, RunReport::waitsForBatches), options.input::estimate);
        calls.gate().keepLearned();
        if (report.end() == End.BROKEN) {
            surroundings.err().println("headrace: " + report.reason());
        }
        new Summary(
                        report,
                        calls.queue() != null,
                        options.provider.isSimulatedHere(),
                        report.allRowsKnown() ? OptionalLong.empty() : options.input.estimate())
                .print(surroundings.out());
        if (calls.queue() != null) {
            BatchText.summary(calls.queue(), report.waitsForBatches(), surroundings.out());
        }
        return exitCode(report);
    }

    private DocumentAnalysis analysis(Backend backend, AnalysisCalls calls) {
        return DocumentAnalysis.of(calls.steps(), backend.model())
                .summaryBy(calls.online())
                .reasoningTokens(reasoningTokens);
    }

    private Pipeline<String, Analysis> pipeline(DocumentAnalysis analysis) {
        MapStep<String, DocumentTopics> topics = options.limits.windowed(analysis.topics());
        MapStep<DocumentTopics, Analysis> classify = options.limits.windowed(analysis.classify());
        return ordered ? topics.ordered().then(classify.ordered()) : topics.then(classify);
    }

    private int exitCode(RunReport report) {
        int bySignal = surroundings.signals().exitCode();
        int finished = report.total().items().failed() > 0 ? ExitCode.INCOMPLETE : ExitCode.OK;
        if (!report.failedReductions().isEmpty()) {
            finished = bySignal == 0 ? ExitCode.INCOMPLETE : bySignal;
        }
        return ExitCode.of(report.end(), report.waitsForBatches(), finished, bySignal);
    }
}
