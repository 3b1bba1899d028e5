package io.headrace.run;

import io.headrace.CachePolicy;
import io.headrace.Codec;
import io.headrace.Fingerprint;
import io.headrace.admission.Gate;
import io.headrace.batch.BatchQueue;
import io.headrace.cache.CallKeyBuilder;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Pipeline;
import io.headrace.flow.Reduction;
import io.headrace.flow.Step;
import io.headrace.memory.MemoryUse;
import io.headrace.observe.CallListener;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Scheduler;

/** What a {@link Run} is made of. */
record RunSettings<I, O>(
        Dataset<I> dataset,
        Pipeline<I, O> pipeline,
        Path directory,
        Codec<O> codec,
        String configuration,
        String namespace,
        CachePolicy cachePolicy,
        boolean retryFailed,
        boolean fresh,
        long maxItems,
        Duration syncEvery,
        Duration grace,
        int accountErrors,
        double warnAboveErrorShare,
        double stopAboveErrorShare,
        @Nullable RunSpending spending,
        @Nullable BatchQueue queue,
        List<Gate> gates,
        Supplier<MemoryUse> memory,
        List<Reduction<O, ?, ?>> reductions,
        CallListener listener,
        Supplier<? extends Scheduler> files,
        Supplier<? extends Scheduler> timer) {

    /** What the results depend on besides the rows. */
    String identity() {
        return pipeline.steps().stream().map(Step::name).toList() + " " + configuration;
    }

    /** What the names of the items' namespaces begin with: what the user said, else one for the steps and the configuration. */
    String namespacePrefix() {
        if (!namespace.isEmpty()) {
            return namespace;
        }
        String steps = pipeline.steps().stream().<String>map(Step::name).collect(Collectors.joining("+"));
        return configuration.isEmpty() ? steps : steps + "@" + hash(configuration);
    }

    private static String hash(String text) {
        Fingerprint digest = CallKeyBuilder.of("", "configuration")
                .field("text", text)
                .build()
                .fingerprint();
        return digest.toString().substring(0, 8);
    }
}
