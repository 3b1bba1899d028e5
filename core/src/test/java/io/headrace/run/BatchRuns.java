package io.headrace.run;

import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.Cost;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import io.headrace.admission.Demand;
import io.headrace.batch.BatchQueue;
import io.headrace.batch.ScriptedBatchApi;
import io.headrace.cache.CallKey;
import io.headrace.cache.InMemoryCache;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Pipeline;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.observe.Meter;
import io.headrace.observe.ScriptedMeter;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/** Runs whose calls go by batches of a scripted provider. */
abstract class BatchRuns {

    static final Duration SOON = Duration.ofSeconds(30);

    @TempDir
    Path directory;

    final InMemoryCache cache = InMemoryCache.create();

    final List<String> online = new CopyOnWriteArrayList<>();

    Function<String, String> answers = request -> request + "!";

    final ScriptedBatchApi api = new ScriptedBatchApi(request -> answers.apply(request));

    BatchQueue queue;

    boolean priced = true;

    /** Two cents at most and one in fact, and half of it by batches; ten tokens of twenty. */
    private final Meter<String, String> meter = meter("0.01").withBatch(meter("0.005"));

    private ScriptedMeter<String, String> meter(String usd) {
        Cost cost = Cost.of(usd(usd));
        return new ScriptedMeter<>(
                request -> priced ? cost.plus(cost) : Cost.UNKNOWN, answer -> Usage.of(4, 6), answer -> cost);
    }

    @BeforeEach
    void open() {
        queue = BatchQueue.builder(directory.resolve("batches"))
                .poll(Duration.ofMillis(5), Duration.ofMillis(10))
                .fillTime(Duration.ZERO)
                .open();
    }

    @AfterEach
    void close() {
        queue.close();
    }

    CallStack<String, String> stack() {
        return CallStack.<String, String>of(request -> Mono.fromSupplier(() -> {
                    online.add(request);
                    return request + "!";
                }))
                .key(request -> new CallKey(new Fingerprint(request.hashCode(), request.length(), 1, 1), List.of()))
                .codec(Codec.json(String.class))
                .meter(meter)
                .demand(request -> new Demand(8, 12, Cost.UNKNOWN))
                .cache(cache);
    }

    Call<String, String> batched() {
        return stack().batches(queue, api).build();
    }

    static Dataset<String> rows(int count) {
        return Dataset.of(IntStream.range(0, count).mapToObj(i -> "word" + i).toList());
    }

    static Pipeline<String, String> twoStages(Call<String, String> first, Call<String, String> second) {
        return Step.<String, String>map("one", first::apply).then(Step.map("two", second::apply));
    }

    Run.Builder<String, String> run(int rows, Pipeline<String, String> pipeline) {
        return Run.builder(rows(rows), pipeline, directory.resolve("out"), Codec.json(String.class))
                .batches(queue);
    }

    Run.Builder<String, String> run(int rows) {
        return run(rows, Pipeline.of(Step.<String, String>map("ask", batched()::apply)));
    }

    static BigDecimal usd(String amount) {
        return new BigDecimal(amount);
    }

    /** As another process would. */
    void reopen() {
        queue.close(); // frees the directory soon after
        Mono.fromRunnable(this::open)
                .retryWhen(Retry.fixedDelay(500, Duration.ofMillis(5)))
                .block(SOON);
    }
}
