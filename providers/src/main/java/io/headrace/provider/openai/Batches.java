package io.headrace.provider.openai;

import io.headrace.ApiException;
import io.headrace.ErrorKind;
import io.headrace.batch.BatchAccount;
import io.headrace.batch.BatchApi;
import io.headrace.batch.BatchJob;
import io.headrace.batch.BatchLimits;
import io.headrace.batch.BatchResult;
import io.headrace.provider.http.BatchLines;
import io.headrace.provider.http.JsonApi;
import io.headrace.provider.http.JsonFields;
import io.headrace.provider.http.JsonOperation;
import io.headrace.provider.http.Page;
import io.headrace.provider.http.StoredAnswers;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

/** {@code /files} and {@code /batches}, for the requests of one operation. Thread-safe. */
final class Batches<Q, R> implements BatchApi<Q, R> {

    /**
     * OpenAI's guide to the Batch API, November 2026: 50,000 requests and 200 MB a file; of embeddings 50,000 inputs in all. A megabyte
     * is taken for a million bytes, with room for the form round the lines.
     */
    private static final BatchLimits LIMITS = new BatchLimits(50_000, 200_000_000 - 1_000);

    private static final int PAGE = 100;

    private final JsonApi api;
    private final String endpoint;
    private final JsonOperation<Q, R> operation;
    private final ToLongFunction<Q> count;
    private final ToLongFunction<R> answered;
    private final Function<Q, Map<String, @Nullable Object>> extra;
    private final StoredAnswers<R> answers;

    /**
     * @param endpoint as the lines name it
     * @param count what the limit on requests counts
     * @param answered how much of that count an answer is to
     * @param extra the extra fields of a request, which overrule its model
     */
    Batches(
            JsonApi api,
            String endpoint,
            JsonOperation<Q, R> operation,
            ToLongFunction<Q> count,
            ToLongFunction<R> answered,
            Function<Q, Map<String, @Nullable Object>> extra) {
        this.api = api;
        this.endpoint = endpoint;
        this.operation = operation;
        this.count = count;
        this.answered = answered;
        this.extra = extra;
        this.answers = api.storedAnswers(operation);
    }

    @Override
    public String identity() {
        return api.identity();
    }

    @Override
    public String operation() {
        return endpoint;
    }

    @Override
    public boolean keepsTags() {
        return true;
    }

    @Override
    public BatchLimits limits() {
        return LIMITS;
    }

    @Override
    public byte[] encode(String customId, Q request) {
        BatchLines.requireName("customId", customId);
        return JsonFields.bytes(json -> {
            json.writeStartObject();
            json.writeStringProperty("custom_id", customId);
            json.writeStringProperty("method", "POST");
            json.writeStringProperty("url", endpoint);
            json.writeName("body");
            operation.write(request, json);
            json.writeEndObject();
        });
    }

    @Override
    public long count(Q request) {
        return count.applyAsLong(request);
    }

    @Override
    public boolean answers(long count, R answer) {
        return answered.applyAsLong(answer) == count;
    }

    /** The model: a batch has one. */
    @Override
    public String group(Q request) {
        Object overruled = extra.apply(request).get("model");
        return overruled == null ? operation.about(request) : overruled.toString();
    }

    @Override
    public Mono<BatchJob> submit(String tag, Flux<byte[]> lines, Function<String, Mono<Void>> uploaded) {
        BatchLines.requireName("tag", tag);
        Objects.requireNonNull(lines, "lines");
        Objects.requireNonNull(uploaded, "uploaded");
        return Mono.defer(() -> upload(tag, lines))
                .onErrorMap(ApiException.class, BatchLines::beforeBatch)
                .flatMap(file -> uploaded.apply(file).thenReturn(file))
                .flatMap(file -> job(api.command("/batches", new BatchCreation(tag, endpoint))
                        .apply(file)));
    }

    /** A JSON line holds no bare end of line, so no boundary either. */
    private Mono<String> upload(String tag, Flux<byte[]> lines) {
        String boundary = "headrace-" + UUID.randomUUID();
        String part = "--" + boundary + "\r\nContent-Disposition: form-data; name=";
        return api.upload(
                "/files",
                "multipart/form-data; boundary=" + boundary,
                part + "\"purpose\"\r\n\r\nbatch\r\n" + part + "\"file\"; filename=\"" + tag
                        + ".jsonl\"\r\nContent-Type: application/jsonl\r\n\r\n",
                lines,
                "\n",
                "\n\r\n--" + boundary + "--\r\n",
                "upload of batch " + tag,
                BatchOperation.FILE);
    }

    @Override
    public Mono<Void> revoke(String upload) {
        return api.deletion("/files/" + ModelOperation.path(upload), BatchOperation.FILE)
                .apply(upload)
                .onErrorComplete(ErrorKind.NOT_FOUND::isKindOf)
                .then();
    }

    @Override
    public Mono<BatchJob> job(String id) {
        return job(api.call("/batches/" + ModelOperation.path(id), BatchOperation.BATCH)
                .apply(id));
    }

    /** Keys see the batches of one project. */
    @Override
    public Mono<BatchAccount> account() {
        return Mono.deferContextual(context ->
                api.ask("/batches?limit=1", BatchOperation.list(""), "", (page, header) -> {
                    String project = header.apply("openai-project");
                    String name = header.apply("openai-organization") + (project.isEmpty() ? "" : "/" + project);
                    return BatchAccount.of(
                            name,
                            page.items().stream()
                                    .findFirst()
                                    .map(batch -> job(batch, context))
                                    .orElse(null));
                }));
    }

    @Override
    public Flux<BatchJob> jobs(Instant since) {
        Instant from = since.truncatedTo(ChronoUnit.SECONDS); // times of batches are whole seconds
        return Flux.deferContextual(context -> Page.all(this::page).map(batch -> job(batch, context)))
                .takeWhile(job -> !job.isOlderThan(from));
    }

    private Mono<Page<BatchObject>> page(String after) {
        String query = "?limit=" + PAGE + (after.isEmpty() ? "" : "&after=" + ModelOperation.path(after));
        return api.call("/batches" + query, BatchOperation.list(after)).apply(after);
    }

    @Override
    public Flux<BatchResult<R>> results(BatchJob job) {
        BatchLines.requireEnded(job);
        Flux<BatchResult<R>> answers = results(job.handles().get(BatchObject.OUTPUT));
        Flux<BatchResult<R>> errors = results(job.handles().get(BatchObject.ERRORS));
        return job.handles().containsKey(BatchObject.OUTPUT)
                ? answers.concatWith(errors.onErrorComplete(ErrorKind.NOT_FOUND::isKindOf)) // no answer is lost with it
                : errors;
    }

    private Flux<BatchResult<R>> results(@Nullable String file) {
        return file == null
                ? Flux.empty()
                : Flux.deferContextual(context -> BatchLines.read(
                        api.lines("/files/" + ModelOperation.path(file) + "/content", "results in " + file),
                        line -> new BatchLine<>(line, file, answers, context).read()));
    }

    @Override
    public Mono<BatchJob> cancel(String id) {
        Mono<BatchObject> cancelled = api.command(
                        "/batches/" + ModelOperation.path(id) + "/cancel", BatchOperation.BATCH)
                .apply(id);
        return BatchLines.orEnded(job(cancelled), job(id));
    }

    private Mono<BatchJob> job(Mono<BatchObject> batch) {
        return Mono.deferContextual(context -> batch.map(read -> job(read, context)));
    }

    private BatchJob job(BatchObject batch, ContextView context) {
        return batch.job(text -> api.words(context, text));
    }

    @Override
    public String toString() {
        return api + " batches for " + endpoint;
    }
}
