package io.headrace.provider.anthropic;

import io.headrace.batch.BatchAccount;
import io.headrace.batch.BatchApi;
import io.headrace.batch.BatchJob;
import io.headrace.batch.BatchLimits;
import io.headrace.batch.BatchResult;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.http.BatchLines;
import io.headrace.provider.http.IdOperation;
import io.headrace.provider.http.JsonApi;
import io.headrace.provider.http.JsonFields;
import io.headrace.provider.http.Page;
import io.headrace.provider.http.StoredAnswers;
import java.time.Instant;
import java.util.Objects;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** {@code /v1/messages/batches}. Thread-safe. */
final class Batches implements BatchApi<ChatRequest, ChatResponse> {

    /**
     * Anthropic's guide to Message Batches, November 2026: 100,000 requests or 256 MB. A megabyte is taken for a million bytes, with room
     * for the object round the lines.
     */
    private static final BatchLimits LIMITS = new BatchLimits(100_000, 256_000_000 - 1_000);

    private static final IdOperation<BatchJob> BATCH = new IdOperation<>(Batches::name, BatchObject::read);

    private static final String PATH = "/v1/messages/batches";
    private static final int PAGE = 100;

    private final JsonApi api;
    private final Messages messages;
    private final StoredAnswers<ChatResponse> answers;

    Batches(JsonApi api, Messages messages) {
        this.api = api;
        this.messages = messages;
        this.answers = api.storedAnswers(messages);
    }

    @Override
    public String identity() {
        return api.identity();
    }

    @Override
    public String operation() {
        return "/v1/messages";
    }

    @Override
    public boolean keepsTags() {
        return false;
    }

    @Override
    public BatchLimits limits() {
        return LIMITS;
    }

    @Override
    public byte[] encode(String customId, ChatRequest request) {
        BatchLines.requireName("customId", customId);
        return JsonFields.bytes(json -> {
            json.writeStartObject();
            json.writeStringProperty("custom_id", customId);
            json.writeName("params");
            messages.write(request, json);
            json.writeEndObject();
        });
    }

    /** All are of one group: models may be mixed. */
    @Override
    public String group(ChatRequest request) {
        return "";
    }

    @Override
    public Mono<BatchJob> submit(String tag, Flux<byte[]> lines, Function<String, Mono<Void>> uploaded) {
        BatchLines.requireName("tag", tag);
        Objects.requireNonNull(lines, "lines");
        Objects.requireNonNull(uploaded, "uploaded");
        return Mono.defer(
                () -> api.upload(PATH, "application/json", "{\"requests\":[", lines, ",", "]}", "batch " + tag, BATCH));
    }

    @Override
    public Mono<Void> revoke(String upload) {
        return Mono.empty();
    }

    @Override
    public Mono<BatchJob> job(String id) {
        return api.call(path(id), BATCH).apply(id);
    }

    /** Keys see the batches of one workspace; what answers name is the organization. */
    @Override
    public Mono<BatchAccount> account() {
        return api.ask(
                PATH + "?limit=1",
                list(""),
                "",
                (page, header) -> BatchAccount.of(
                        header.apply("anthropic-organization-id"),
                        page.items().stream().findFirst().orElse(null)));
    }

    @Override
    public Flux<BatchJob> jobs(Instant since) {
        return Page.all(this::page).takeWhile(job -> !job.isOlderThan(since));
    }

    private Mono<Page<BatchJob>> page(String after) {
        String query = "?limit=" + PAGE + (after.isEmpty() ? "" : "&after_id=" + ModelOperation.encoded(after));
        return api.call(PATH + query, list(after)).apply(after);
    }

    private static IdOperation<Page<BatchJob>> list(String after) {
        return new IdOperation<>(Batches::name, in -> Page.read(after, in, BatchObject::read, BatchJob::id));
    }

    private static String name(String id) {
        return id.isEmpty() ? "batches" : "batch " + id;
    }

    @Override
    public Flux<BatchResult<ChatResponse>> results(BatchJob job) {
        BatchLines.requireEnded(job);
        String url = job.handles().get(BatchObject.RESULTS);
        if (url == null) {
            return Flux.empty();
        }
        // the key goes where it was meant for and nowhere else: an address elsewhere is not asked
        String told = api.pathOf(url);
        String path = told.isEmpty() ? path(job.id()) + "/results" : told;
        return Flux.deferContextual(context -> BatchLines.read(
                api.lines(path, "results of batch " + job.id()),
                line -> new BatchLine<>(line, job.id(), answers, context).read()));
    }

    @Override
    public Mono<BatchJob> cancel(String id) {
        return BatchLines.orEnded(api.command(path(id) + "/cancel", BATCH).apply(id), job(id));
    }

    private static String path(String id) {
        return PATH + "/" + ModelOperation.encoded(id);
    }

    @Override
    public String toString() {
        return api + " batches";
    }
}
