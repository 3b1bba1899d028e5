package io.headrace.examples;

import io.headrace.Codec;
import io.headrace.cache.ResponseCache;
import io.headrace.cache.rocksdb.RocksDbCache;
import io.headrace.examples.analysis.Analysis;
import io.headrace.examples.analysis.DocumentAnalysis;
import io.headrace.examples.analysis.ShippedDocuments;
import io.headrace.layer.CallStack;
import io.headrace.provider.openai.OpenAi;
import io.headrace.run.Run;
import io.headrace.run.RunReport;
import io.headrace.testkit.SimulatedProvider;
import java.nio.file.Path;
import java.util.Objects;

/**
 * A run: dataset, two steps and a summary, with results and report in a folder. A document enters the second step the moment
 * the first is done with it. Kill it and run it again: it goes on where it was, and no answer is paid for twice.
 *
 * <p>Run it with {@code ./headrace --version && java -cp '.headrace/current/*' io.headrace.examples.TwoStagePipeline out}.
 */
public final class TwoStagePipeline {

    private TwoStagePipeline() {}

    public static void main(String[] args) {
        Path directory = Path.of(args.length > 0 ? args[0] : "out");
        try (SimulatedProvider provider =
                        SimulatedProvider.builder().faults(0.05).start();
                OpenAi openAi = OpenAi.builder()
                        .baseUrl(provider.baseUrl() + "/v1")
                        .apiKey("any")
                        .identity("simulated") // the port changes, the answers do not
                        .build();
                ResponseCache cache = RocksDbCache.open(directory.resolve("cache"))) {

            DocumentAnalysis analysis = DocumentAnalysis.of(
                    CallStack.chat(openAi.chat()).cache(cache).build(), "gpt-4o-mini");

            Run<Analysis> run = Run.builder(
                            ShippedDocuments.dataset(),
                            analysis.topics().then(analysis.classify()),
                            directory,
                            Codec.json(Analysis.class))
                    .configuration(analysis.configuration())
                    .reduction(analysis.summary())
                    .build();

            RunReport report = Objects.requireNonNull(run.execute().block());
            System.out.println("done: " + report.total().items().ok() + " of "
                    + report.total().items().in());
            System.out.println("this time: " + report.thisRun().items().ok());
        }
    }
}
