package io.headrace.batch;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Instant;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A batch endpoint that does nothing: what is asked of it fails. Requests are texts, of the group before a colon. */
class IdleBatchApi implements BatchApi<String, String> {

    BatchLimits limits = new BatchLimits(1000, 1_000_000);

    @Override
    public String identity() {
        return "http://scripted";
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
        return limits;
    }

    @Override
    public byte[] encode(String customId, String request) {
        if (request.contains("impossible")) {
            throw new IllegalArgumentException("stream: a batch has none");
        }
        return (customId + " " + request).getBytes(UTF_8);
    }

    @Override
    public String group(String request) {
        return request.contains(":") ? request.substring(0, request.indexOf(':')) : "";
    }

    @Override
    public Mono<BatchJob> submit(String tag, Flux<byte[]> lines, Function<String, Mono<Void>> uploaded) {
        return Mono.error(new IllegalStateException("nothing is submitted here"));
    }

    @Override
    public Mono<Void> revoke(String upload) {
        return Mono.empty();
    }

    @Override
    public Mono<BatchJob> job(String id) {
        return Mono.error(new IllegalStateException("no jobs here"));
    }

    @Override
    public Flux<BatchJob> jobs(Instant since) {
        return Flux.empty();
    }

    @Override
    public Flux<BatchResult<String>> results(BatchJob job) {
        return Flux.empty();
    }

    @Override
    public Mono<BatchJob> cancel(String id) {
        return job(id);
    }
}
