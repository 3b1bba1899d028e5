package io.headrace.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.admission.Gate;
import io.headrace.cache.CallKeyBuilder;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.KeyFunction;
import io.headrace.dataset.Dataset;
import io.headrace.layer.BatchRequest;
import io.headrace.layer.BatchRequest.Element;
import io.headrace.layer.BatchResponse;
import io.headrace.layer.BatchResponse.Answer;
import io.headrace.layer.BatchResponse.Result;
import io.headrace.layer.CallStack;
import io.headrace.layer.HedgeSpec;
import io.headrace.layer.MicroBatcher;
import io.headrace.run.Run;
import io.headrace.run.RunReport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/** What a service writes into the Reactor context, such as a trace, is there wherever its own code runs: in steps, calls and folds. */
class UserContextTest {

    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String KEY = "trace";

    private static final KeyFunction<String> KEYS =
            text -> CallKeyBuilder.of("test", "echo").field("text", text).build();

    private final Map<String, Set<Object>> seen = new ConcurrentSkipListMap<>();
    private final InMemoryCache cache = InMemoryCache.create();
    private final Gate gate = Gate.builder("narrow").concurrency(2).build();

    @TempDir
    Path directory;

    private void see(String where, ContextView context) {
        seen.computeIfAbsent(where, key -> ConcurrentHashMap.newKeySet()).add(context.getOrDefault(KEY, "nothing"));
    }

    private <T> Mono<T> seen(String where, Mono<T> inside) {
        return Mono.deferContextual(context -> {
            see(where, context);
            return inside;
        });
    }

    private final Call<String, String> call = CallStack.<String, String>of(
                    text -> seen("call", Mono.just(text).delayElement(Duration.ofMillis(1))))
            .key(KEYS)
            .codec(Codec.json(String.class))
            .cache(cache)
            .gate(gate)
            .hedge(HedgeSpec.standard())
            .build();

    private final MicroBatcher<String, String> batcher = MicroBatcher.<String, String>builder(
                    batch -> seen("batch of calls", Mono.just(answers(batch)).delayElement(Duration.ofMillis(1))))
            .count(4)
            .build();

    private static BatchResponse<String> answers(BatchRequest<String> batch) {
        return new BatchResponse<>(batch.elements().stream()
                .collect(Collectors.<Element<String>, String, Result<String>>toMap(
                        Element::id, element -> new Answer<>(element.request()))));
    }

    private Function<String, Mono<String>> calls(String step) {
        return text -> seen(step, call.apply(step + text.substring(0, 1))).then(call.apply(step + text));
    }

    private Pipeline<String, String> pipeline() {
        Step<String, String> batch = Step.<String, String>batch(
                "batch",
                4,
                items -> Flux.deferContextual(context -> {
                    see("batch", context);
                    return Flux.fromIterable(items).map(item -> item.withValue(item.value()));
                }));
        return Step.<String, String>map("map", calls("map"))
                .then(Step.<String, String>map("ordered", calls("ordered")).ordered())
                .then(Step.<String, String>map("offloaded", calls("offloaded")).offload(Schedulers::boundedElastic))
                .then(Step.<String>filterWhen(
                        "filter", text -> calls("filter").apply(text).thenReturn(true)))
                .then(Step.<String, String>expand(
                        "expand", text -> calls("expand").apply(text).flux().repeat(1)))
                .then(batch)
                .then(Step.map("single", text -> seen("single", batcher.apply(text))));
    }

    private static final String[] PLACES = {
        "map", "ordered", "offloaded", "filter", "expand", "batch", "single", "call", "batch of calls"
    };

    private static Dataset<String> dataset() {
        return Dataset.of(List.of("aa", "ab", "ac", "ba", "bb", "bc", "c"));
    }

    @Test
    void plainStream_hasItEverywhere() {
        dataset()
                .items()
                .transform(pipeline())
                .contextWrite(Context.of(KEY, "t1"))
                .blockLast(SOON);
        assertThat(seen).containsOnlyKeys(PLACES);
        assertThat(seen.values()).containsOnly(Set.of("t1"));
    }

    @Test
    void run_hasItEverywhere_inItsReductionsToo() {
        Reduction<String, ?, String> reduction = new Reduction<>(
                "count", () -> 0, (count, item) -> count + 1, count -> seen("reduction", call.apply("count " + count)));
        RunReport report = Run.builder(dataset(), pipeline(), directory, Codec.json(String.class))
                .reduction(reduction)
                .build()
                .execute()
                .contextWrite(Context.of(KEY, "t2"))
                .block(SOON);
        assertThat(report.failedReductions()).isEmpty();
        assertThat(seen).containsKeys(PLACES).containsKey("reduction");
        assertThat(seen.values()).containsOnly(Set.of("t2"));
    }

    @Test
    void callThatIsShared_hasThatOfWhoLeads_andEachBehindItHisOwn() {
        Map<String, Object> behind = new ConcurrentHashMap<>();
        Function<String, Mono<String>> caller = name -> call.apply("same")
                .flatMap(answer -> Mono.deferContextual(context -> {
                    behind.put(name, context.get(KEY));
                    return Mono.just(answer);
                }))
                .contextWrite(Context.of(KEY, name));
        Flux.merge(caller.apply("leader"), caller.apply("follower")).blockLast(SOON);
        assertThat(seen).containsOnlyKeys("call").containsEntry("call", Set.of("leader"));
        assertThat(behind).isEqualTo(Map.of("leader", "leader", "follower", "follower"));
    }
}
