package io.headrace.cli;

import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.StorageException;
import io.headrace.admission.Gate;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.ResponseCache;
import io.headrace.cache.TieredCache;
import io.headrace.cache.rocksdb.RocksDbCache;
import io.headrace.dataset.Dataset;
import io.headrace.dataset.FieldChoice;
import io.headrace.examples.analysis.Analysis;
import io.headrace.examples.analysis.DocumentAnalysis;
import io.headrace.examples.analysis.DocumentTopics;
import io.headrace.examples.analysis.ShippedDocuments;
import io.headrace.flow.MapStep;
import io.headrace.flow.Pipeline;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.run.Estimate;
import io.headrace.run.Run;
import io.headrace.run.RunReport;
import io.headrace.run.RunReport.End;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.OptionalInt;
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
                    + " 129, 130 and 143 stopped by SIGHUP, Ctrl-C and SIGTERM."
        })
final class Analyze implements Callable<Integer> {

    private static final int MAX_REASONING_TOKENS = 1_000_000;

    private static final Duration DEFAULT_SIM_LATENCY = Duration.ofMillis(20);

    private final Surroundings surroundings;

    @Option(
            names = "--input",
            paramLabel = "PATH",
            order = 1,
            description =
                    "A JSONL, CSV or text file, plain or gzip, or a folder of text files. Default: the documents that"
                            + " ship with the examples.")
    private @Nullable Path input;

    @Option(
            names = "--text-field",
            paramLabel = "NAME",
            order = 2,
            description = "Field that holds the text. Default: chosen by the first rows.")
    private @Nullable String textField;

    @Option(
            names = "--id-field",
            paramLabel = "NAME",
            order = 3,
            description =
                    "Field that holds the id. Default: chosen by the first rows, else ids are made of position and"
                            + " content.")
    private @Nullable String idField;

    @Option(names = "--max-samples", paramLabel = "N", order = 4, description = "Only the first N rows. Default: all.")
    private @Nullable Long maxSamples;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            order = 10,
            defaultValue = "out",
            description = "Where results, dead letters, summary and report go. Default: ./${DEFAULT-VALUE}.")
    private Path out = Path.of("out");

    @Option(
            names = "--cache",
            paramLabel = "DIR",
            order = 11,
            description = "Where answers are kept that were paid for. Default: $XDG_CACHE_HOME/headrace or"
                    + " ~/.cache/headrace.")
    private @Nullable Path cache;

    @Option(
            names = "--cache-wait",
            paramLabel = "TIME",
            order = 11,
            defaultValue = "0",
            description = "How long to wait for a cache that another run has. Default: not at all.")
    private Duration cacheWait = Duration.ZERO;

    @Option(
            names = "--fresh",
            order = 12,
            description = "Starts over: the files of an earlier run in --out are moved aside. Cached answers stay.")
    private boolean fresh;

    @Option(names = "--clear-cache", order = 13, description = "Forgets all cached answers first.")
    private boolean clearCache;

    @Option(
            names = "--cache-policy",
            paramLabel = "POLICY",
            order = 13,
            defaultValue = "use",
            description =
                    "How stored answers are used: ${COMPLETION-CANDIDATES}. 'bypass' reads and stores none, 'refresh' buys"
                            + " each again once in this run, 'read-only' sends nothing, and items whose answers are not stored fail."
                            + " Default: ${DEFAULT-VALUE}.")
    private CacheUse cachePolicy = CacheUse.USE;

    @Option(
            names = "--cache-max-age",
            paramLabel = "TIME",
            order = 13,
            description = "Answers that were stored longer ago are bought again, such as 24h. Default: any age.")
    private @Nullable Duration cacheMaxAge;

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

    @Option(names = "--retry-failed", order = 14, description = "Tries the items in the dead letters again.")
    private boolean retryFailed;

    @Mixin
    private final ProviderOptions provider;

    @Mixin
    private final GateOptions limits = new GateOptions();

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

    @Option(
            names = "--grace",
            paramLabel = "TIME",
            order = 36,
            defaultValue = "30s",
            description = "How long calls in flight may take after Ctrl-C or SIGTERM. Default: ${DEFAULT-VALUE}.")
    private Duration grace = Duration.ZERO;

    @Option(
            names = "--sim-latency",
            paramLabel = "TIME",
            order = 40,
            description = "Time for one answer of the simulated provider, such as 100ms. Default: 20ms.")
    private @Nullable Duration simLatency;

    @Option(
            names = "--sim-spread",
            paramLabel = "SIGMA",
            order = 41,
            description = "Spread of these times, 0 to 3: log-normal round --sim-latency, 0.5 is usual. Default: 0.")
    private @Nullable Double simSpread;

    @Option(
            names = "--sim-faults",
            paramLabel = "SHARE",
            order = 42,
            description = "Share of its requests that fail, 0 to 1. Default: 0.")
    private @Nullable Double simFaults;

    @Option(
            names = "--sim-seed",
            paramLabel = "N",
            order = 43,
            description = "Which of its requests fail: the same seed fails the same ones. Default: 0.")
    private @Nullable Long simSeed;

    Analyze(Surroundings surroundings) {
        this.surroundings = surroundings;
        this.provider = new ProviderOptions(surroundings);
    }

    @Override
    public Integer call() {
        SimulatorSettings simulator = simulator();
        Checks.range("--reasoning-tokens", reasoningTokens, 0, MAX_REASONING_TOKENS);
        limits.check();
        budget.check();
        if (maxSamples != null) {
            Checks.range("--max-samples", maxSamples, 1, Long.MAX_VALUE);
        }
        if (estimateOnly && clearCache) {
            throw new UsageProblem("--estimate changes nothing: leave out --clear-cache");
        }
        try (ResponseCache answers = openCache()) { // first: it opens on a thread of its own meanwhile
            Dataset<String> dataset = dataset();
            try (Backend backend = provider.open(simulator)) {
                if (clearCache) {
                    answers.clear().block();
                }
                return analyze(dataset, backend, answers);
            }
        }
    }

    private int analyze(Dataset<String> dataset, Backend backend, ResponseCache answers) {
        Gate gate = limits.gate(backend, cacheFolder());
        Call<ChatRequest, ChatResponse> chat =
                CallStack.chat(backend.chat()).cache(answers).gate(gate).build();
        DocumentAnalysis analysis = DocumentAnalysis.of(chat, backend.model()).reasoningTokens(reasoningTokens);
        if (estimateOnly) {
            Estimate estimate = Estimate.of(maxSamples == null ? dataset : dataset.take(maxSamples), pipeline(analysis))
                    .concurrency(limits.concurrency().orElse(GateOptions.USUAL_CONCURRENCY))
                    .latency(latency)
                    .gate(gate)
                    .estimate()
                    .block();
            EstimateText.print(Objects.requireNonNull(estimate), surroundings.out());
            return ExitCode.OK;
        }
        Run.Builder<String, Analysis> run = Run.builder(dataset, pipeline(analysis), out, Codec.json(Analysis.class))
                .configuration(analysis.configuration())
                .reduction(analysis.summary())
                .gate(gate)
                .fresh(fresh)
                .cachePolicy(cachePolicy.policy(cacheMaxAge))
                .retryFailed(retryFailed)
                .grace(grace);
        if (maxSamples != null) {
            run.maxItems(maxSamples);
        }
        budget.describe(run, backend.model());
        Console console = Console.of(surroundings.err());
        console.line("headrace: " + (input == null ? dataset.name() : dataset.signature()) + " to "
                + backend.description() + ", model " + backend.model());
        // a provider in this process holds the other end of each connection
        limits.shortage(provider.isSimulatedHere() ? 2 : 1)
                .ifPresent(shortage -> console.line("headrace: warning: " + shortage));
        RunReport report = new Watch(console, surroundings.signals(), grace).execute(run.build(), this::estimate);
        gate.keepLearned();
        if (report.end() == End.BROKEN) {
            surroundings.err().println("headrace: " + report.reason());
        }
        new Summary(report, provider.isSimulatedHere(), report.allRowsKnown() ? OptionalLong.empty() : estimate())
                .print(surroundings.out());
        return exitCode(report);
    }

    private Pipeline<String, Analysis> pipeline(DocumentAnalysis analysis) {
        MapStep<String, DocumentTopics> topics = windowed(analysis.topics());
        MapStep<DocumentTopics, Analysis> classify = windowed(analysis.classify());
        return ordered ? topics.ordered().then(classify.ordered()) : topics.then(classify);
    }

    /** A window that nobody stated follows the gate. */
    private <I, O> MapStep<I, O> windowed(MapStep<I, O> step) {
        OptionalInt concurrency = limits.concurrency();
        return concurrency.isPresent() ? step.concurrency(concurrency.getAsInt()) : step;
    }

    private int exitCode(RunReport report) {
        return switch (report.end()) {
            case FINISHED ->
                report.failedReductions().isEmpty()
                        ? report.total().items().failed() > 0 ? ExitCode.INCOMPLETE : ExitCode.OK
                        : bySignalOr(ExitCode.INCOMPLETE);
            case STOPPED -> bySignalOr(ExitCode.STOPPED);
            case STOPPED_BY_POLICY -> ExitCode.STOPPED;
            case BROKEN -> ExitCode.USAGE;
        };
    }

    private int bySignalOr(int code) {
        int bySignal = surroundings.signals().exitCode();
        return bySignal == 0 ? code : bySignal;
    }

    private Dataset<String> dataset() {
        if (input == null) {
            if (textField != null || idField != null) {
                throw new UsageProblem((textField != null ? "--text-field" : "--id-field") + " needs --input");
            }
            return ShippedDocuments.dataset();
        }
        try {
            return Dataset.open(input, new FieldChoice(textField, idField));
        } catch (IllegalArgumentException e) {
            throw UsageProblem.of(e);
        }
    }

    private OptionalLong estimate() {
        OptionalLong rows = input == null ? OptionalLong.empty() : RowEstimate.of(input);
        return maxSamples != null && rows.isPresent() ? OptionalLong.of(Math.min(maxSamples, rows.getAsLong())) : rows;
    }

    private ResponseCache openCache() {
        try {
            // the one on disk first: it opens on a thread of its own
            RocksDbCache disk =
                    RocksDbCache.builder(cacheFolder()).waitUpTo(cacheWait).open();
            return TieredCache.of(InMemoryCache.create(), disk);
        } catch (StorageException e) {
            throw new UsageProblem(e.getMessage() + " (--cache, --cache-wait)", e);
        }
    }

    private Path cacheFolder() {
        return cache == null ? surroundings.usersCache() : cache;
    }

    private SimulatorSettings simulator() {
        if (!provider.isSimulatedHere()
                && (simLatency != null || simSpread != null || simFaults != null || simSeed != null)) {
            throw new UsageProblem(
                    "--sim-latency, --sim-spread, --sim-faults and --sim-seed are for the simulated provider"
                            + " in this process; with --base-url, give --latency, --spread, --faults and --seed to 'headrace"
                            + " simulate'");
        }
        double spread = simSpread == null ? 0 : simSpread;
        Checks.spread("--sim-spread", spread);
        double faults = simFaults == null ? 0 : simFaults;
        Checks.share("--sim-faults", faults);
        return new SimulatorSettings(
                simLatency == null ? DEFAULT_SIM_LATENCY : simLatency, spread, faults, simSeed == null ? 0 : simSeed);
    }
}
