package io.headrace.cli;

import io.headrace.Codec;
import io.headrace.admission.Budget;
import io.headrace.admission.Gate;
import io.headrace.batch.BatchQueue;
import io.headrace.cache.ResponseCache;
import io.headrace.dataset.Dataset;
import io.headrace.examples.analysis.Analysis;
import io.headrace.examples.analysis.DocumentAnalysis;
import io.headrace.flow.Pipeline;
import io.headrace.run.Run;
import java.nio.file.Path;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;

/** The options that {@code analyze} and {@code sweep} share, and what they mean together. */
final class AnalysisOptions {

    private final Surroundings surroundings;

    @Mixin
    final InputOptions input = new InputOptions();

    @Mixin
    final AnswerOptions answers;

    @Mixin
    private final RunOptions run = new RunOptions();

    @Mixin
    final ProviderOptions provider;

    @Mixin
    final GateOptions limits = new GateOptions();

    @Mixin
    private final BatchOptions batch = new BatchOptions();

    @Mixin
    final BudgetOptions budget = new BudgetOptions();

    @Mixin
    private final SimulatorOptions simulator = new SimulatorOptions();

    AnalysisOptions(Surroundings surroundings) {
        this.surroundings = surroundings;
        this.provider = new ProviderOptions(surroundings);
        this.answers = new AnswerOptions(surroundings);
    }

    /**
     * How a simulated provider here behaves.
     *
     * @param out where the results go
     * @throws UsageProblem for what is out of its range or does not fit together
     */
    SimulatorSettings check(Path out) {
        Threads.check();
        SimulatorSettings simulated = simulator.settings(provider);
        limits.check();
        batch.check(answers, budget, provider.isSimulatedHere());
        budget.check();
        input.check(out);
        answers.policy(); // says what is wrong with it
        return simulated;
    }

    /**
     * The queue of the batches of the work in {@code out}, to be closed; null online.
     *
     * @throws UsageProblem if another process works on it
     */
    @Nullable
    BatchQueue queue(Path out) {
        return batch.isBatch() ? batch.open(out, provider.isSimulatedHere()) : null;
    }

    AnalysisCalls calls(Backend backend, ResponseCache cache, @Nullable BatchQueue queue, @Nullable Budget cap) {
        Gate gate = limits.gate(backend, answers.folder.path());
        return AnalysisCalls.of(backend, cache, gate, queue, cap);
    }

    /** A run of {@code analysis} in {@code directory}. */
    Run<Analysis> run(
            Dataset<String> dataset,
            Pipeline<String, Analysis> pipeline,
            DocumentAnalysis analysis,
            Path directory,
            AnalysisCalls calls) {
        Run.Builder<String, Analysis> builder = Run.builder(dataset, pipeline, directory, Codec.json(Analysis.class))
                .configuration(analysis.configuration())
                .cachePolicy(answers.policy())
                .reduction(analysis.summary())
                .gate(calls.gate());
        run.describe(builder);
        input.describe(builder);
        budget.describe(builder, calls.cap());
        if (calls.queue() != null) {
            builder.batches(calls.queue());
        }
        return builder.build();
    }

    /**
     * Says what is about to be done, and what may be wrong with it.
     *
     * @param what of the model or the configurations
     */
    Watch begin(Dataset<String> dataset, Backend backend, String what, Path out) {
        Console console = Console.of(surroundings.err());
        console.line(head(dataset, backend, what));
        limits.warn(console, provider.isSimulatedHere());
        batch.warn(console, out);
        return new Watch(console, surroundings.signals(), run.grace());
    }

    /** The line that says which rows, with the fields that were taken, go to whom. */
    String head(Dataset<String> dataset, Backend backend, String what) {
        return "headrace: " + input.name(dataset) + " to " + backend.description() + ", " + what;
    }

    /** What batches need of runs; null online. */
    <R> @Nullable BatchWork<R> work(AnalysisCalls calls, Predicate<R> isWaiting) {
        return batch.work(calls.queue(), provider.isSimulatedHere(), isWaiting);
    }
}
