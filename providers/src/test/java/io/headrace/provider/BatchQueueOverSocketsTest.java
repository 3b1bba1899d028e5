package io.headrace.provider;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Cost;
import io.headrace.ErrorKind;
import io.headrace.batch.BatchQueue;
import io.headrace.batch.BatchTotals;
import io.headrace.batch.QueueSnapshot;
import io.headrace.cache.InMemoryCache;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.anthropic.Anthropic;
import io.headrace.provider.openai.OpenAi;
import io.headrace.testkit.Fault;
import io.headrace.testkit.SimulatedBatch;
import io.headrace.testkit.SimulatedBatches;
import io.headrace.testkit.SimulatedBatches.Fate;
import io.headrace.testkit.SimulatedProvider;
import io.headrace.testkit.SimulatedRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** The queue of batches between real clients and a server, with trouble at every place of the exchange, in a few seconds. */
@Timeout(60)
class BatchQueueOverSocketsTest {

    enum Provider {
        OPENAI("gpt-4o-mini", "/v1/batches"),
        ANTHROPIC("claude-haiku-4-5", "/v1/messages/batches");

        private final String model;
        private final String path;

        Provider(String model, String path) {
            this.model = model;
            this.path = path;
        }
    }

    /** Clients of one account, which is a server here, behind the same address. */
    private record Clients(OpenAi openAi, Anthropic anthropic) {

        Clients(SimulatedProvider server) {
            this(
                    OpenAi.builder()
                            .baseUrl(server.baseUrl() + "/v1")
                            .identity("one address")
                            .apiKey("key-of-" + server.port())
                            .build(),
                    Anthropic.builder()
                            .baseUrl(server.baseUrl())
                            .identity("one address")
                            .apiKey("key-of-" + server.port())
                            .build());
        }

        void close() {
            openAi.close();
            anthropic.close();
        }
    }

    private static final Duration SOON = ofSeconds(30);

    @TempDir
    Path directory;

    private final SimulatedProvider server = SimulatedProvider.builder().start();
    private Clients at = new Clients(server);
    private final InMemoryCache cache = InMemoryCache.create();
    private final Map<String, String> ends = new ConcurrentHashMap<>();

    @AfterEach
    void close() {
        at.close();
        server.close();
    }

    @ParameterizedTest
    @EnumSource
    void batches_answerAsOnlineCalls(Provider provider) {
        try (BatchQueue queue = queue()) {
            assertThat(queue.rounds(pass(provider, queue, 25)).block(SOON)).isEqualTo(25);
            check(queue);
        }
        assertThat(server.batches()).hasSize(3);
        Call<ChatRequest, ChatResponse> online = provider == Provider.OPENAI ? at.openAi.chat() : at.anthropic.chat();
        ends.forEach((prompt, answer) -> assertThat(answer)
                .isEqualTo("answered "
                        + online.apply(request(provider, prompt)).block(SOON).text()));
    }

    @ParameterizedTest
    @EnumSource
    void troubleAtEveryPlace_endsEveryRequestOnceAndSubmitsNothingTwice(Provider provider) {
        Map<String, Fate> fates = new ConcurrentHashMap<>();
        server.batches(SimulatedBatches.DEFAULT
                .delay(ofMillis(100))
                .fates(id -> fates.computeIfAbsent(id, first -> fate(id, fates.size()))));
        AtomicInteger creations = new AtomicInteger();
        AtomicInteger questions = new AtomicInteger();
        List<Fault> troubles =
                List.of(Fault.accepted(), Fault.acceptedLate(ofMillis(100)), Fault.overloaded(), Fault.serverError());
        script(provider, creations, questions, troubles);

        try (BatchQueue queue = queue()) {
            assertThat(queue.rounds(pass(provider, queue, 60)).block(SOON)).isEqualTo(60);
            check(queue);
            BatchTotals totals = queue.snapshot().block(SOON).totals();
            assertThat(totals.duplicates()).isPositive();
            assertThat(totals.missing()).isPositive();
            assertThat(totals.again()).isPositive();
        }
        assertThat(creations.get()).isEqualTo(troubles.size());
        assertThat(ends.values().stream().filter(end -> end.startsWith("answered")))
                .hasSizeGreaterThan(50);
    }

    @ParameterizedTest
    @EnumSource
    void subscriberThatLeavesWhileTheBodyIsSent_leavesNothingTwice(Provider provider) {
        server.batches(SimulatedBatches.DEFAULT.delay(ofMillis(50)));
        for (int i = 0; i < 6; i++) {
            BatchQueue queue = queue(); // as in a process of its own each time
            Disposable round = queue.rounds(pass(provider, queue, 40)).subscribe(done -> {}, error -> {});
            Mono.delay(ofMillis(25L * i)).block(SOON);
            round.dispose();
            queue.disposeLater().block(SOON);
        }
        try (BatchQueue queue = queue()) {
            assertThat(queue.rounds(pass(provider, queue, 40)).block(SOON)).isEqualTo(40);
            check(queue);
        }
        assertThat(ends.values()).allMatch(end -> end.startsWith("answered"));
    }

    @ParameterizedTest
    @EnumSource
    void twoQueuesOfOneAccount_withEqualSizesAndFailingLists_takeNothingOfEachOther(Provider provider) {
        server.batches(SimulatedBatches.DEFAULT.delay(ofMillis(300)));
        AtomicInteger creations = new AtomicInteger();
        AtomicInteger lists = new AtomicInteger();
        server.failWhen(
                request -> isCreation(provider, request) && creations.incrementAndGet() % 3 == 1, Fault.accepted());
        server.failWhen(
                request -> isCreation(provider, request) && creations.get() % 3 == 2,
                Fault.acceptedLate(ofMillis(100)));
        Predicate<SimulatedRequest> isList =
                request -> !isCreation(provider, request) && request.path().equals(provider.path);
        // some rounds meet none of it: a batch that never came is looked for by four lists, which all have to be
        // answered
        server.failWhen(request -> isList.test(request) && lists.incrementAndGet() % 11 == 0, Fault.serverError());
        server.failWhen(request -> isList.test(request) && lists.get() % 11 == 3, Fault.rateLimited(ofMillis(30)));
        InMemoryCache second = InMemoryCache.create();
        try (BatchQueue queue = queue();
                BatchQueue other = queue(directory.resolve("other"))) {
            Map<String, String> otherEnds = new ConcurrentHashMap<>();
            Mono.when(
                            queue.rounds(pass(provider, queue, 40)),
                            other.rounds(pass(stack(provider, other, second), provider, 40, "goose", otherEnds)))
                    .block(SOON);
            assertThat(ends.values()).hasSize(40).allMatch(end -> end.startsWith("answered"));
            assertThat(otherEnds.values()).hasSize(40).allMatch(end -> end.startsWith("answered"));
            check(queue);
            check(other);
        }
        assertThat(server.batches())
                .hasSize(8)
                .extracting(SimulatedBatch::requests)
                .containsOnly(10L);
    }

    @ParameterizedTest
    @EnumSource
    void doubtThatIsLookedForInAnotherAccount_isKept(Provider provider) {
        try (BatchQueue queue = queue()) { // the account has a batch, which is collected
            assertThat(queue.rounds(pass(provider, queue, 10)).block(SOON)).isEqualTo(10);
            server.failWhen(request -> isCreation(provider, request), Fault.accepted());
            queue.round(pass(provider, queue, 20)).block(SOON);
            queue.disposeLater().block(SOON);
        }
        assertThat(server.batches()).hasSize(2);
        Clients mine = at;
        try (SimulatedProvider other = SimulatedProvider.builder().start();
                BatchQueue queue = queue()) {
            at = new Clients(other);
            for (int i = 0; i < 2; i++) {
                StepVerifier.create(queue.rounds(pass(provider, queue, 30)))
                        .expectErrorSatisfies(error -> assertThat(error)
                                .hasMessageContaining("another account (org-simulated, as then: perhaps")
                                .hasMessageNotContaining("key-of-"))
                        .verify(SOON);
            }
            assertThat(other.batches()).isEmpty();
            at.close();
            queue.disposeLater().block(SOON);
        }
        at = mine;
        server.clearScript();
        try (BatchQueue queue = queue()) {
            assertThat(queue.rounds(pass(provider, queue, 30)).block(SOON)).isEqualTo(30);
            check(queue);
        }
        assertThat(server.batches()).hasSize(3);
    }

    /** By turns, but that the first request of a pack is answered: a batch without any result would be kept for its results. */
    private static Fate fate(String id, int turn) {
        return switch (id.endsWith("0") ? 0 : turn % 20) {
            case 3, 11 -> Fate.FAILED;
            case 5, 13 -> Fate.MISSING;
            case 7, 15 -> Fate.DOUBLED;
            case 9 -> Fate.MALFORMED;
            case 19 -> Fate.REFUSED;
            default -> Fate.ANSWERED;
        };
    }

    private void script(Provider provider, AtomicInteger creations, AtomicInteger questions, List<Fault> troubles) {
        for (int i = 0; i < troubles.size(); i++) {
            int at = i;
            server.failWhen(
                    request -> isCreation(provider, request)
                            && creations.get() == at
                            && creations.compareAndSet(at, at + 1),
                    troubles.get(i));
        }
        server.failWhen(
                request -> !isCreation(provider, request) && questions.incrementAndGet() % 5 == 0, Fault.unavailable());
    }

    private BatchQueue queue() {
        return queue(directory);
    }

    private static BatchQueue queue(Path directory) {
        return BatchQueue.builder(directory)
                .packRequests(10)
                .poll(ofMillis(20), ofMillis(100))
                .doubtWindow(ofSeconds(1))
                .maxBatches(5)
                .open();
    }

    /** Emits how many requests have ended. */
    private Mono<Integer> pass(Provider provider, BatchQueue queue, int requests) {
        return pass(stack(provider, queue, cache), provider, requests, "duck", ends);
    }

    private Call<ChatRequest, ChatResponse> stack(Provider provider, BatchQueue queue, InMemoryCache cache) {
        CallStack<ChatRequest, ChatResponse> stack = provider == Provider.OPENAI
                ? CallStack.chat(at.openAi.chat()).batches(queue, at.openAi.chatBatches())
                : CallStack.chat(at.anthropic.chat()).batches(queue, at.anthropic.chatBatches());
        return stack.cache(cache).build();
    }

    private static Mono<Integer> pass(
            Call<ChatRequest, ChatResponse> call,
            Provider provider,
            int requests,
            String animal,
            Map<String, String> ends) {
        return Mono.defer(() -> {
            ends.clear();
            return Flux.fromStream(
                            IntStream.range(0, requests).mapToObj(i -> "How does " + animal + " " + i + " swim?"))
                    .flatMap(prompt -> call.apply(request(provider, prompt))
                            .doOnNext(answer -> ends.put(prompt, "answered " + answer.text()))
                            .onErrorResume(ApiException.class, error -> {
                                if (error.kind() != ErrorKind.PARKED) {
                                    ends.put(prompt, "failed " + error.kind().label());
                                }
                                return Mono.empty();
                            }))
                    .then(Mono.fromSupplier(ends::size));
        });
    }

    private static ChatRequest request(Provider provider, String prompt) {
        return ChatRequest.builder(provider.model)
                .user(prompt)
                .maxOutputTokens(50)
                .build();
    }

    private static boolean isCreation(Provider provider, SimulatedRequest request) {
        return request.path().equals(provider.path)
                && (!request.body().isEmpty()
                        || request.header("transfer-encoding").isPresent());
    }

    private void check(BatchQueue queue) {
        QueueSnapshot snapshot = queue.snapshot().block(SOON);
        assertThat(snapshot.isIdle()).isTrue();
        assertThat(snapshot.unclaimed()).isZero();
        assertThat(queue.outstanding()).isEqualTo(Cost.ZERO);
        assertThat(server.batches()).extracting(SimulatedBatch::digest).doesNotHaveDuplicates();
    }
}
