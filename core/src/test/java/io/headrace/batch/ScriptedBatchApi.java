package io.headrace.batch;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.headrace.ApiException;
import io.headrace.ErrorKind;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Batches of texts, each answered by a function, in the order in which they were submitted; done as soon as they are asked about. */
public class ScriptedBatchApi implements BatchApi<String, String> {

    private final Function<String, String> answers;
    private final Map<String, List<String>> lines = new ConcurrentHashMap<>();
    private final Map<String, BatchJob> jobs = new ConcurrentHashMap<>();
    private final Clock clock = Clock.systemUTC();
    /** Requests that were submitted. */
    public final List<String> asked = new CopyOnWriteArrayList<>();

    /** @param answers throws an {@link ApiException} for a request that ends with one */
    public ScriptedBatchApi(Function<String, String> answers) {
        this.answers = answers;
    }

    @Override
    public String identity() {
        return "scripted";
    }

    @Override
    public String operation() {
        return "echo";
    }

    @Override
    public boolean keepsTags() {
        return true;
    }

    @Override
    public BatchLimits limits() {
        return new BatchLimits(1_000, 1 << 20);
    }

    @Override
    public byte[] encode(String customId, String request) {
        return (customId + "\t" + request).getBytes(UTF_8);
    }

    @Override
    public String group(String request) {
        return "";
    }

    @Override
    public Mono<BatchJob> submit(String tag, Flux<byte[]> requests, Function<String, Mono<Void>> uploaded) {
        return requests.map(line -> new String(line, UTF_8))
                .collectList()
                .flatMap(all -> uploaded.apply("upload-" + tag).thenReturn(all))
                .map(all -> {
                    String id = "batch-" + jobs.size();
                    lines.put(id, all);
                    all.forEach(line -> asked.add(line.substring(line.indexOf('\t') + 1)));
                    BatchJob job = new BatchJob(
                            id,
                            tag,
                            BatchJob.State.COMPLETED,
                            clock.instant(),
                            null,
                            new BatchJob.Counts(all.size(), all.size(), 0),
                            null,
                            Map.of());
                    jobs.put(id, job);
                    return job;
                });
    }

    @Override
    public Mono<Void> revoke(String upload) {
        return Mono.empty();
    }

    @Override
    public Mono<BatchJob> job(String id) {
        BatchJob job = jobs.get(id);
        return job == null
                ? Mono.error(ApiException.builder(ErrorKind.NOT_FOUND, id).build())
                : Mono.just(job);
    }

    @Override
    public Flux<BatchJob> jobs(Instant since) {
        return Flux.fromIterable(new ArrayList<>(jobs.values()));
    }

    @Override
    public Flux<BatchResult<String>> results(BatchJob job) {
        return Flux.fromIterable(lines.getOrDefault(job.id(), List.of())).map(line -> {
            int tab = line.indexOf('\t');
            String customId = line.substring(0, tab);
            try {
                return new BatchResult.Answered<>(customId, answers.apply(line.substring(tab + 1)));
            } catch (ApiException e) {
                return new BatchResult.Errored<>(customId, e);
            }
        });
    }

    @Override
    public Mono<BatchJob> cancel(String id) {
        return job(id);
    }
}
