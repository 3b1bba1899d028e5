package io.headrace.cli;

import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.admission.Budget;
import io.headrace.admission.Gate;
import io.headrace.batch.BatchQueue;
import io.headrace.cache.ResponseCache;
import io.headrace.dataset.Dataset;
import io.headrace.examples.analysis.Analysis;
import io.headrace.examples.analysis.DocumentAnalysis;
import io.headrace.examples.analysis.DocumentTopics;
import io.headrace.flow.MapStep;
import io.headrace.flow.Pipeline;
import io.headrace.layer.CallStack;
import io.headrace.memory.MemoryProbe;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
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
            "Exit codes: 0 all ok, 1 bad usage or input, 2 finished with dead letters or without the summary, 3 stopped early by policy,"
                    + " 4 batches are out and the same command goes on when they have ended, 129, 130 and 143 stopped by SIGHUP,"
                    + " Ctrl-C and SIGTERM."
        })
final class Analyze implements Callable<Integer> {

    private static final int MAX_REASONING_TOKENS = 1_000_000;

    private final Surroundings surroundings;

    @Mixin
    private final InputOptions input = new InputOptions();

    @Option(
            names = "--out",
            paramLabel = "DIR",
            order = 10,
            defaultValue = "out",
            description = "Where results, dead letters, summary and report go. Default: ./${DEFAULT-VALUE}.")
    private Path out = Path.of("out");

    @Mixin
    private final AnswerOptions answers;

    @Mixin
    private final RunOptions options = new RunOptions();

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
            defaultValue = "1s",
            description = "Time for one call, for --estimate. Default: ${DEFAULT-VALUE}.")
    private Duration latency = Duration.ZERO;

    @Mixin
    private final ProviderOptions provider;

    @Mixin
    private final GateOptions limits = new GateOptions();

    @Mixin
    private final BatchOptions batch = new BatchOptions();

    @Mixin
    private final BudgetOptions budget = new BudgetOptions();

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

    @Mixin
    private final SimulatorOptions simulator = new SimulatorOptions();

    Analyze(Surroundings surroundings) {
        this.surroundings = surroundings;
        this.provider = new ProviderOptions(surroundings);
        this.answers = new AnswerOptions(surroundings);
    }

    @Override
    public Integer call() {
        SimulatorSettings simulated = simulator.settings(provider);
        Checks.range("--reasoning-tokens", reasoningTokens, 0, MAX_REASONING_TOKENS);
        limits.check();
        batch.check(answers, budget);
        budget.check();
        input.check();
        answers.policy(); // says what is wrong with it
        if (estimateOnly && clearCache) {
            throw new UsageProblem("--estimate changes nothing: leave out --clear-cache");
        }
        try (ResponseCache cache = answers.open()) { // first: it opens on a thread of its own meanwhile
            Dataset<String> dataset = input.dataset();
            try (Backend backend = provider.open(simulated)) {
                Budget cap = budget.budget(List.of(backend.model()));
                if (clearCache) { // when nothing is refused any more
                    cache.clear().block();
                }
                return analyze(dataset, backend, cache, cap);
            }
        }
    }

    private int analyze(Dataset<String> dataset, Backend backend, ResponseCache cache, @Nullable Budget cap) {
        if (!batch.isBatch() || estimateOnly) {
            return analyze(dataset, backend, cache, null, cap);
        }
        try (BatchQueue queue = batch.open(out, provider.isSimulatedHere())) {
            return analyze(dataset, backend, cache, queue, cap);
        }
    }

    private int analyze(
            Dataset<String> dataset,
            Backend backend,
            ResponseCache cache,
            @Nullable BatchQueue queue,
            @Nullable Budget cap) {
        Gate gate = limits.gate(backend, answers.folder());
        Call<ChatRequest, ChatResponse> online =
                CallStack.chat(backend.chat()).cache(cache).gate(gate).build();
        DocumentAnalysis analysis = DocumentAnalysis.of(
                        batch.calls(online, backend, cache, gate, queue), backend.model())
                .summaryBy(online)
                .reasoningTokens(reasoningTokens);
        if (estimateOnly) {
            Estimate estimate = Estimate.of(input.first(dataset), pipeline(analysis))
                    .concurrency(limits.concurrency().orElse(GateOptions.USUAL_CONCURRENCY))
                    .latency(latency)
                    .gate(gate)
                    .estimate()
                    .block();
            EstimateText.print(
                    Objects.requireNonNull(estimate), MemoryProbe.ofProcess().read(), surroundings.out());
            return ExitCode.OK;
        }
        Run.Builder<String, Analysis> run = Run.builder(dataset, pipeline(analysis), out, Codec.json(Analysis.class))
                .configuration(analysis.configuration())
                .reduction(analysis.summary())
                .gate(gate)
                .cachePolicy(answers.policy());
        options.describe(run);
        input.describe(run);
        batch.describe(run, queue);
        budget.describe(run, cap);
        Console console = Console.of(surroundings.err());
        console.line(
                "headrace: " + input.name(dataset) + " to " + backend.description() + ", model " + backend.model());
        limits.warn(console, provider.isSimulatedHere());
        batch.warn(console, out);
        Watch watch = new Watch(console, surroundings.signals(), options.grace());
        RunReport report = watch.execute(
                run.build(),
                batch.work(queue, provider.isSimulatedHere(), RunReport::waitsForBatches),
                input::estimate);
        gate.keepLearned();
        if (report.end() == End.BROKEN) {
            surroundings.err().println("headrace: " + report.reason());
        }
        new Summary(
                        report,
                        queue != null,
                        provider.isSimulatedHere(),
                        report.allRowsKnown() ? OptionalLong.empty() : input.estimate())
                .print(surroundings.out());
        if (queue != null) {
            BatchText.summary(queue, report.waitsForBatches(), surroundings.out());
        }
        return exitCode(report);
    }

    private Pipeline<String, Analysis> pipeline(DocumentAnalysis analysis) {
        MapStep<String, DocumentTopics> topics = limits.windowed(analysis.topics());
        MapStep<DocumentTopics, Analysis> classify = limits.windowed(analysis.classify());
        return ordered ? topics.ordered().then(classify.ordered()) : topics.then(classify);
    }

    private int exitCode(RunReport report) {
        int bySignal = surroundings.signals().exitCode();
        int finished = report.total().items().failed() > 0 ? ExitCode.INCOMPLETE : ExitCode.OK;
        if (!report.failedReductions().isEmpty()) {
            finished = bySignal == 0 ? ExitCode.INCOMPLETE : bySignal;
        }
        return ExitCode.of(report.end(), finished, bySignal);
    }
}
