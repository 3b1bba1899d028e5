package io.headrace.cli;

import io.headrace.admission.Budget;
import io.headrace.batch.BatchQueue;
import io.headrace.cache.ResponseCache;
import io.headrace.dataset.Dataset;
import io.headrace.examples.analysis.Analysis;
import io.headrace.examples.analysis.AnalysisSettings;
import io.headrace.examples.analysis.DocumentAnalysis;
import io.headrace.flow.Pipeline;
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
    private final AnalysisOptions options;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            order = 10,
            defaultValue = "sweep",
            description =
                    "Where the comparison goes, and a folder for each configuration. Default: ./${DEFAULT-VALUE}.")
    private Path out = Path.of("sweep");

    @Option(
            names = "--at-once",
            paramLabel = "N",
            order = 15,
            defaultValue = "1",
            description = "Configurations that run at the same time. Default: ${DEFAULT-VALUE}, one after another.")
    private int atOnce;

    SweepCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
        this.options = new AnalysisOptions(surroundings);
    }

    @Override
    public Integer call() {
        SimulatorSettings simulated = options.check(out);
        Checks.range("--at-once", atOnce, 1, Integer.MAX_VALUE);
        try (Backend backend = options.provider.open(simulated)) {
            Map<String, AnalysisSettings> configurations =
                    Configurations.read(Objects.requireNonNull(configs), backend.model());
            Budget cap = options.budget.budget(configurations.values().stream()
                    .map(AnalysisSettings::model)
                    .toList());
            Dataset<String> dataset = options.input.dataset();
            try {
                dataset.check();
            } catch (IllegalArgumentException e) {
                throw UsageProblem.of(e);
            }
            try (ResponseCache cache = options.answers.folder.open();
                    BatchQueue queue = options.queue(out)) {
                return sweep(configurations, dataset, backend, options.calls(backend, cache, queue, cap));
            }
        }
    }

    private int sweep(
            Map<String, AnalysisSettings> configurations,
            Dataset<String> dataset,
            Backend backend,
            AnalysisCalls calls) {
        Sweep.Builder builder = Sweep.builder(out).atOnce(atOnce);
        try {
            configurations.forEach((name, settings) -> builder.configuration(
                    name,
                    directory -> run(
                            directory,
                            dataset,
                            DocumentAnalysis.of(calls.steps(), settings).summaryBy(calls.online()),
                            calls)));
        } catch (IllegalArgumentException e) {
            throw UsageProblem.of(e);
        }
        String what = ProgressText.count(configurations.size(), "configuration");
        SweepReport report = options.begin(dataset, backend, what, out)
                .execute(builder.build(), options.work(calls, SweepReport::waitsForBatches));
        calls.gate().keepLearned();
        surroundings.out().print(report.table());
        surroundings.out().println("files: " + out + ": comparison.txt, comparison.csv, comparison.json");
        if (calls.queue() != null) {
            BatchText.summary(calls.queue(), report.waitsForBatches(), surroundings.out());
        }
        surroundings.out().flush();
        return exitCode(report);
    }

    private Run<Analysis> run(Path directory, Dataset<String> dataset, DocumentAnalysis analysis, AnalysisCalls calls) {
        Pipeline<String, Analysis> pipeline =
                options.limits.windowed(analysis.topics()).then(options.limits.windowed(analysis.classify()));
        return options.run(dataset, pipeline, analysis, directory, calls);
    }

    private int exitCode(SweepReport report) {
        boolean isWhole = report.configurations().stream()
                .flatMap(configuration -> configuration.report().stream())
                .allMatch(SweepCommand::isWhole);
        return ExitCode.of(
                report.end(),
                report.waitsForBatches(),
                isWhole ? ExitCode.OK : ExitCode.INCOMPLETE,
                surroundings.signals().exitCode());
    }

    private static boolean isWhole(RunReport report) {
        return report.total().items().failed() == 0 && report.failedReductions().isEmpty();
    }
}
