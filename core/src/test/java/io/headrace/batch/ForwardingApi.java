package io.headrace.batch;

import java.time.Instant;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Another endpoint, of which a test changes a part. */
class ForwardingApi extends IdleBatchApi {

    private final BatchApi<String, String> api;

    ForwardingApi(BatchApi<String, String> api) {
        this.api = api;
    }

    @Override
    public boolean keepsTags() {
        return api.keepsTags();
    }

    @Override
    public boolean answers(long count, String answer) {
        return api.answers(count, answer);
    }

    @Override
    public Mono<BatchAccount> account() {
        return api.account();
    }

    @Override
    public Mono<BatchJob> submit(String tag, Flux<byte[]> lines, Function<String, Mono<Void>> uploaded) {
        return api.submit(tag, lines, uploaded);
    }

    @Override
    public Mono<Void> revoke(String upload) {
        return api.revoke(upload);
    }

    @Override
    public Mono<BatchJob> job(String id) {
        return api.job(id);
    }

    @Override
    public Flux<BatchJob> jobs(Instant since) {
        return api.jobs(since);
    }

    @Override
    public Flux<BatchResult<String>> results(BatchJob job) {
        return api.results(job);
    }

    @Override
    public Mono<BatchJob> cancel(String id) {
        return api.cancel(id);
    }
}
