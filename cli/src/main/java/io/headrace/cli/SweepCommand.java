package io.headrace.cli;

import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.admission.Budget;
import io.headrace.admission.Gate;
import io.headrace.batch.BatchQueue;
import io.headrace.cache.ResponseCache;
import io.headrace.dataset.Dataset;
import io.headrace.examples.analysis.Analysis;
import io.headrace.examples.analysis.AnalysisSettings;
import io.headrace.examples.analysis.DocumentAnalysis;
import io.headrace.flow.Pipeline;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.run.Run;
import io.headrace.run.RunReport;
import io.headrace.run.Sweep;
import io.headrace.run.SweepReport;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code headrace sweep}: the document-analysis pipeline in many configurations over one dataset. */
@Command(
        name = "sweep",
        description = {
            "Runs the document-analysis pipeline in many configurations over one dataset, each in a folder of its own below --out,"
                    + " and compares them. Prompts that configurations share are bought once. Killed at any moment and run"
                    + " again, each goes on where it was.",
            ""
        },
        footer = {
            "",
            "A configuration is a YAML or JSON file with any of these fields: model, temperature, seed, categories,"
                    + " reasoningTokens, and below prompts and maxOutputTokens: topics, classify, summary. The prompt for"
                    + " classifying holds {categories}.",
            "",
            "Exit codes: as for analyze, 2 also if one configuration has dead letters or no summary."
        })
final class SweepCommand implements Callable<Integer> {

    private final Surroundings surroundings;

    @Option(
            names = "--configs",
            paramLabel = "DIR",
            order = 0,
            required = true,
            description = "A folder with a YAML or JSON file for each configuration, which is named as its file.")
    private @Nullable Path configs;

    @Mixin
    private final InputOptions input = new InputOptions();

    @Option(
            names = "--out",
            paramLabel = "DIR",
            order = 10,
            defaultValue = "sweep",
            description =
                    "Where the comparison goes, and a folder for each configuration. Default: ./${DEFAULT-VALUE}.")
    private Path out = Path.of("sweep");

    @Mixin
    private final AnswerOptions answers;

    @Mixin
    private final RunOptions options = new RunOptions();

    @Option(
            names = "--at-once",
            paramLabel = "N",
            order = 15,
            defaultValue = "1",
            description = "Configurations that run at the same time. Default: ${DEFAULT-VALUE}, one after another.")
    private int atOnce;

    @Mixin
    private final ProviderOptions provider;

    @Mixin
    private final GateOptions limits = new GateOptions();

    @Mixin
    private final BatchOptions batch = new BatchOptions();

    @Mixin
    private final BudgetOptions budget = new BudgetOptions();

    @Mixin
    private final SimulatorOptions simulator = new SimulatorOptions();

    SweepCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
        this.provider = new ProviderOptions(surroundings);
        this.answers = new AnswerOptions(surroundings);
    }

    @Override
    public Integer call() {
        SimulatorSettings simulated = simulator.settings(provider);
        limits.check();
        batch.check(answers, budget);
        budget.check();
        input.check();
        answers.policy(); // says what is wrong with it
        Checks.range("--at-once", atOnce, 1, Integer.MAX_VALUE);
        try (Backend backend = provider.open(simulated)) {
            Map<String, AnalysisSettings> configurations =
                    Configurations.read(Objects.requireNonNull(configs), backend.model());
            Budget cap = budget.budget(configurations.values().stream()
                    .map(AnalysisSettings::model)
                    .toList());
            Dataset<String> dataset = input.dataset();
            try {
                dataset.check();
            } catch (IllegalArgumentException e) {
                throw UsageProblem.of(e);
            }
            try (ResponseCache cache = answers.open()) {
                if (!batch.isBatch()) {
                    return sweep(configurations, dataset, backend, cache, null, cap);
                }
                try (BatchQueue queue = batch.open(out, provider.isSimulatedHere())) {
                    return sweep(configurations, dataset, backend, cache, queue, cap);
                }
            }
        }
    }

    private int sweep(
            Map<String, AnalysisSettings> configurations,
            Dataset<String> dataset,
            Backend backend,
            ResponseCache cache,
            @Nullable BatchQueue queue,
            @Nullable Budget cap) {
        Gate gate = limits.gate(backend, answers.folder());
        Call<ChatRequest, ChatResponse> online =
                CallStack.chat(backend.chat()).cache(cache).gate(gate).build();
        Call<ChatRequest, ChatResponse> calls = batch.calls(online, backend, cache, gate, queue);
        Sweep.Builder builder = Sweep.builder(out).atOnce(atOnce);
        try {
            configurations.forEach((name, settings) -> builder.configuration(
                    name,
                    directory -> run(
                            directory,
                            dataset,
                            DocumentAnalysis.of(calls, settings).summaryBy(online),
                            gate,
                            queue,
                            cap)));
        } catch (IllegalArgumentException e) {
            throw UsageProblem.of(e);
        }
        Console console = Console.of(surroundings.err());
        console.line("headrace: " + input.name(dataset) + " to " + backend.description() + ", "
                + ProgressText.count(configurations.size(), "configuration"));
        limits.warn(console, provider.isSimulatedHere());
        batch.warn(console, out);
        Watch watch = new Watch(console, surroundings.signals(), options.grace());
        SweepReport report = watch.execute(
                builder.build(), batch.work(queue, provider.isSimulatedHere(), SweepReport::waitsForBatches));
        gate.keepLearned();
        surroundings.out().print(report.table());
        surroundings.out().println("files: " + out + ": comparison.txt, comparison.csv, comparison.json");
        if (queue != null) {
            BatchText.summary(queue, report.waitsForBatches(), surroundings.out());
        }
        surroundings.out().flush();
        return exitCode(report);
    }

    private Run<Analysis> run(
            Path directory,
            Dataset<String> dataset,
            DocumentAnalysis analysis,
            Gate gate,
            @Nullable BatchQueue queue,
            @Nullable Budget cap) {
        Pipeline<String, Analysis> pipeline =
                limits.windowed(analysis.topics()).then(limits.windowed(analysis.classify()));
        Run.Builder<String, Analysis> run = Run.builder(dataset, pipeline, directory, Codec.json(Analysis.class))
                .configuration(analysis.configuration())
                .cachePolicy(answers.policy())
                .reduction(analysis.summary())
                .gate(gate);
        options.describe(run);
        input.describe(run);
        batch.describe(run, queue);
        budget.describe(run, cap);
        return run.build();
    }

    private int exitCode(SweepReport report) {
        boolean isWhole = report.configurations().stream()
                .flatMap(configuration -> configuration.report().stream())
                .allMatch(SweepCommand::isWhole);
        return ExitCode.of(
                report.end(),
                isWhole ? ExitCode.OK : ExitCode.INCOMPLETE,
                surroundings.signals().exitCode());
    }

    private static boolean isWhole(RunReport report) {
        return report.total().items().failed() == 0 && report.failedReductions().isEmpty();
    }
}
