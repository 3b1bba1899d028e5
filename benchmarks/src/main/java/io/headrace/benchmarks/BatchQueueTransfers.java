package io.headrace.benchmarks;

import io.headrace.Call;
import io.headrace.ErrorKind;
import io.headrace.batch.BatchApi;
import io.headrace.batch.BatchQueue;
import io.headrace.batch.QueueSnapshot;
import io.headrace.cache.rocksdb.RocksDbCache;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatCall;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.anthropic.Anthropic;
import io.headrace.provider.openai.OpenAi;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What {@link BatchTransfers} does by hand, by the queue: 100,000 calls of a stack are parked, submitted, collected into a cache on disk
 * and read from there. Arguments: openai or anthropic, the number of requests, and a folder.
 */
public final class BatchQueueTransfers {

    private static final int AT_A_TIME = 100;

    private BatchQueueTransfers() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        boolean isOpenAi = args[0].equals("openai");
        int requests = Integer.parseInt(args[1]);
        Path folder = Path.of(args[2]);
        BatchTransfers.withServer(baseUrl -> measure(isOpenAi, baseUrl, requests, folder));
    }

    private static void measure(boolean isOpenAi, String baseUrl, int requests, Path folder) throws IOException {
        try (OpenAi openAi =
                        OpenAi.builder().baseUrl(baseUrl + "/v1").apiKey("key").build();
                Anthropic anthropic =
                        Anthropic.builder().baseUrl(baseUrl).apiKey("key").build();
                RocksDbCache cache = RocksDbCache.open(folder.resolve("cache"));
                BatchQueue queue = BatchQueue.open(folder.resolve("batches"))) {
            BatchApi<ChatRequest, ChatResponse> api = isOpenAi ? openAi.chatBatches() : anthropic.chatBatches();
            ChatCall model = isOpenAi ? openAi.chat() : anthropic.chat();
            Call<ChatRequest, ChatResponse> call =
                    CallStack.chat(model).cache(cache).batches(queue, api).build();
            Mono<Long> pass = Flux.range(0, requests)
                    .flatMap(
                            i -> call.apply(BatchTransfers.request(isOpenAi, i))
                                    .onErrorComplete(ErrorKind.PARKED::isKindOf),
                            AT_A_TIME,
                            1)
                    .count();
            long began = System.nanoTime();
            long early = Objects.requireNonNull(pass.block());
            double parked = BatchTransfers.seconds(began);
            began = System.nanoTime();
            long before = Objects.requireNonNull(queue.round(Mono.just(0L)).block());
            double submitted = BatchTransfers.seconds(began);
            began = System.nanoTime();
            queue.round(Mono.just(0L)).block();
            double collected = BatchTransfers.seconds(began);
            began = System.nanoTime();
            long answered = Objects.requireNonNull(queue.rounds(pass).block());
            double read = BatchTransfers.seconds(began);
            QueueSnapshot snapshot = Objects.requireNonNull(queue.snapshot().block());
            System.gc();
            long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() >> 20;
            System.out.printf(
                    Locale.ROOT,
                    "%s by the queue: %,d requests in %d batches; parked in %.1f s, submitted in %.1f s, worked on and"
                            + " collected in %.1f s, read in %.1f s; %,d answered, each once: %s; heap after GC %d MB,"
                            + " resident at most %d MB%n",
                    isOpenAi ? "openai" : "anthropic",
                    requests,
                    snapshot.batches().size(),
                    parked,
                    submitted,
                    collected,
                    read,
                    answered,
                    early + before == 0
                            && answered == requests
                            && snapshot.totals().answered() == requests
                            && snapshot.totals().duplicates() == 0
                            && snapshot.isIdle(),
                    heap,
                    Measure.peakResidentMegabytes());
        }
    }
}
