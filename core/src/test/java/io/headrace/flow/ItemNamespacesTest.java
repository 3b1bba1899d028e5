package io.headrace.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.CachePolicy;
import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Codec;
import io.headrace.Fingerprint;
import io.headrace.Item;
import io.headrace.ItemNamespaces;
import io.headrace.Namespace;
import io.headrace.Outcome;
import io.headrace.Priority;
import io.headrace.Tally;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.CallKey;
import io.headrace.cache.InMemoryCache;
import io.headrace.layer.CallStack;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Each item of a stream has a namespace of its own, over all steps. */
class ItemNamespacesTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    private final InMemoryCache cache = InMemoryCache.create();
    private final AtomicInteger paid = new AtomicInteger();
    private final Call<String, String> call = CallStack.<String, String>of(
                    request -> Mono.fromSupplier(() -> request + "-" + paid.incrementAndGet()))
            .key(ItemNamespacesTest::key)
            .codec(Codec.json(String.class))
            .cache(cache)
            .build();

    private static CallKey key(String request) {
        return new CallKey(new Fingerprint(request.hashCode(), 1, 2, 3), List.of());
    }

    private static Flux<Outcome<String>> items(String... ids) {
        return Flux.range(0, ids.length).map(i -> new Outcome.Ok<>(Item.of(new String(ids[i]), i, ids[i]), Tally.ZERO));
    }

    private static <T> List<T> values(Flux<Outcome<T>> outcomes) {
        return outcomes.map(outcome -> ((Outcome.Ok<T>) outcome).value())
                .collectList()
                .block(SOON);
    }

    private Mono<List<String>> twice(String request) {
        return Flux.range(0, 2).concatMap(i -> call.apply(request)).collectList();
    }

    @Test
    void repeatedPromptsOfAnItem_readDifferentSamples() {
        assertThat(values(items("a").transform(Step.map("ask", item -> twice("q")))))
                .containsExactly(List.of("q-1", "q-2"));
    }

    @Test
    void repeatedPromptsOfAnItem_inTwoSteps_readDifferentSamples() {
        Pipeline<String, String> steps = Step.<String, String>map("one", item -> call.apply("q"))
                .then(Step.<String, String>map("two", before -> call.apply("q").map(answer -> before + " " + answer)));
        assertThat(values(items("a").transform(steps))).containsExactly("q-1 q-2");
    }

    @Test
    void equalPromptsOfDifferentItems_shareSample0() {
        List<List<String>> answers = values(items("a", "b", "c")
                .transform(Step.<String, List<String>>map("ask", item -> twice("q"))
                        .concurrency(1)));
        assertThat(answers).hasSize(3).containsOnly(List.of("q-1", "q-2"));
        assertThat(paid).hasValue(2);
    }

    @Test
    void childrenOfAnExpandStep_haveTheirOwn() {
        Pipeline<String, String> steps = Step.<String, Integer>expand(
                        "split", item -> call.apply("q").thenMany(Flux.range(0, 3)))
                .then(Step.map("ask", part -> call.apply("q")));
        assertThat(values(items("a").transform(steps))).containsExactly("q-1", "q-1", "q-1");
    }

    @Test
    void filtersAndBatches_areStepsLikeOthers() {
        Pipeline<String, String> steps = Step.<String>filterWhen(
                        "keep", item -> call.apply("q").thenReturn(true))
                .then(Step.<String, String>batch(
                        "batch",
                        1,
                        batch -> Flux.fromIterable(batch)
                                .flatMap(item -> call.apply("q").map(item::withValue))))
                .then(Step.map("ask", before -> call.apply("q").map(answer -> before + " " + answer)));
        assertThat(values(items("a").transform(steps))).containsExactly("q-2 q-3");
    }

    @Test
    void secondSubscription_readsWhatTheFirstRead() {
        Flux<Outcome<List<String>>> stream = items("a").transform(Step.map("ask", item -> twice("q")));
        assertThat(values(stream)).isEqualTo(values(stream));
        assertThat(paid).hasValue(2);
    }

    @Test
    void oneItemAlone_hasANamespaceToo() {
        MapStep<String, List<String>> step = Step.map("ask", item -> twice("q"));
        Outcome<List<String>> outcome =
                step.apply(new Outcome.Ok<>(Item.of("a", 0, "x"), Tally.ZERO)).block(SOON);
        assertThat(((Outcome.Ok<List<String>>) outcome).value()).containsExactly("q-1", "q-2");
    }

    @Test
    void answers_areKeptWithTheNameOfTheirNamespace() {
        items("a").transform(Step.map("ask", item -> call.apply("q"))).blockLast(SOON);
        CacheEntry entry = cache.get(key("q").fingerprint(), 0).block(SOON);
        assertThat(entry.namespace()).isEqualTo("ask/a");
        items("a")
                .transform(Step.map("ask", item -> call.apply("r")))
                .contextWrite(ItemNamespaces.of("study 7")::into)
                .blockLast(SOON);
        assertThat(cache.get(key("r").fingerprint(), 0).block(SOON).namespace()).isEqualTo("study 7/a");
    }

    @Test
    void replicateInAStep_picksASampleByIndex() {
        Step<String, String> third = Step.map(
                "ask",
                item -> call.apply("q")
                        .contextWrite(context ->
                                CallOptions.from(context).withReplicate(2).into(context)));
        assertThat(values(items("a", "b").transform(third))).containsExactly("q-1", "q-1");
        assertThat(cache.get(key("q").fingerprint(), 2).block(SOON)).isNotNull();
    }

    @Test
    void step_keepsWhatTheOptionsOfTheOuterContextSay() {
        List<CallOptions> seen = new CopyOnWriteArrayList<>();
        Step<String, String> step = Step.map(
                "ask",
                item -> Mono.deferContextual(context -> {
                    seen.add(CallOptions.from(context));
                    return Mono.just("x");
                }));
        CallOptions outer = CallOptions.NONE
                .withTenant("t")
                .withTags(Map.of("k", "v"))
                .withCachePolicy(CachePolicy.readOnly())
                .withFailFast(true)
                .withReplicate(3)
                .withNamespace(Namespace.of("outer"));
        items("a").transform(step).contextWrite(outer::into).blockLast(SOON);
        CallOptions inner = seen.get(0);
        assertThat(inner)
                .isEqualTo(new CallOptions(
                        "ask",
                        "a",
                        inner.namespace(),
                        null,
                        CachePolicy.readOnly(),
                        "t",
                        Priority.BATCH,
                        true,
                        Map.of("k", "v")));
        assertThat(inner.namespace().name()).isEqualTo("ask/a");
        items("a")
                .transform(step)
                .contextWrite(outer.withPriority(Priority.INTERACTIVE)::into)
                .blockLast(SOON);
        assertThat(seen.get(1).priority()).isEqualTo(Priority.INTERACTIVE);
    }

    @Test
    void racingCallsOfAnItem_shareNoSample() {
        List<List<String>> answers = values(items("a", "b", "c", "d")
                .transform(Step.<String, List<String>>map(
                        "ask",
                        item -> Flux.range(0, 50).flatMap(i -> call.apply("q")).collectList())));
        assertThat(answers)
                .hasSize(4)
                .allSatisfy(all -> assertThat(all).doesNotHaveDuplicates().hasSize(50));
        assertThat(paid).hasValue(50);
    }

    @Test
    void whatAnItemHasHad_goesWithTheItem() {
        ItemNamespaces namespaces = ItemNamespaces.of("p");
        List<WeakReference<String>> ids = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            String id = new String("item" + i);
            namespaces.namespace(id).take(key("q").fingerprint(), 1);
            ids.add(new WeakReference<>(id));
        }
        for (int i = 0; i < 100 && ids.stream().anyMatch(id -> id.get() != null); i++) {
            System.gc();
        }
        assertThat(ids).allMatch(id -> id.get() == null);
    }

    @Test
    void anItemThatHasLeft_isForgotten() {
        ItemNamespaces namespaces = ItemNamespaces.of("p");
        String id = "item";
        Fingerprint asked = key("q").fingerprint();
        Namespace mine = namespaces.namespace(id);
        assertThat(mine.take(asked, 1)).isZero();
        assertThat(mine.take(asked, 1)).isEqualTo(1);

        namespaces.leave(id);

        assertThat(mine.take(asked, 1)).isZero();
        namespaces.leave(new String(id)); // another object
        assertThat(mine.take(asked, 1)).isEqualTo(1);
    }
}
