package io.headrace.layer;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.ErrorKind;
import io.headrace.Namespace;
import io.headrace.cache.InMemoryCache;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.RepeatedTest;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

/** A thousand callers racing on a hundred fingerprints, in four namespaces, with failures and cancels. */
class SampleRaceTest {

    private static final int CALLERS = 1_000;
    private static final int FINGERPRINTS = 100;
    private static final int NAMESPACES = 4;

    /** Gives each caller an answer of its own; a part of them fails. */
    private static final class Model implements Call<String, String> {

        final AtomicInteger sent = new AtomicInteger();
        final AtomicInteger failed = new AtomicInteger();
        final AtomicInteger cancelled = new AtomicInteger();
        final ConcurrentLinkedQueue<String> answers = new ConcurrentLinkedQueue<>();

        @Override
        public Mono<String> apply(String request) {
            return Mono.defer(() -> {
                int number = sent.incrementAndGet();
                AtomicInteger over = new AtomicInteger();
                return Mono.delay(Duration.ofNanos(ThreadLocalRandom.current().nextInt(2_000_000)))
                        .flatMap(tick -> over.compareAndSet(0, 1) ? answer(request, number) : Mono.never())
                        .doOnCancel(() -> {
                            if (over.compareAndSet(0, 1)) {
                                cancelled.incrementAndGet();
                            }
                        });
            });
        }

        private Mono<String> answer(String request, int number) {
            if (number % 5 == 0) {
                failed.incrementAndGet();
                return Mono.error(
                        ApiException.builder(ErrorKind.SERVER_ERROR, "down").build());
            }
            String answer = request + "-" + number;
            answers.add(answer);
            return Mono.just(answer);
        }
    }

    @RepeatedTest(2)
    void failures_noSampleIsDeliveredTwiceInANamespace_noneIsLost_andUpstreamCallsAreDistinctSamplesPlusFailures() {
        race(false);
    }

    @RepeatedTest(2)
    void failuresAndCancels_noSampleIsDeliveredTwiceInANamespace_noneIsLost_andOnlyMissingOnesArePaid() {
        race(true);
    }

    private static void race(boolean cancels) {
        Model model = new Model();
        InMemoryCache cache = InMemoryCache.create();
        Call<String, String> call = CallStack.of(model)
                .key(MapCache.KEYS)
                .codec(Codec.json(String.class))
                .noRetry()
                .cache(cache)
                .build();
        List<Namespace> namespaces =
                List.of(Namespace.of("a"), Namespace.of("b"), Namespace.of("c"), Namespace.of("d"));
        Map<String, Set<String>> delivered = new ConcurrentHashMap<>();
        AtomicInteger twice = new AtomicInteger();
        Flux<String> callers = Flux.range(0, CALLERS)
                .flatMap(
                        i -> {
                            Namespace mine = namespaces.get(i % NAMESPACES);
                            String request = "q" + (i / NAMESPACES) % FINGERPRINTS;
                            Mono<String> answer =
                                    Samples.in(mine, call.apply(request)).subscribeOn(Schedulers.parallel());
                            boolean mayLeave = i % 3 == 0 || request.endsWith("7"); // there all callers may
                            Mono<String> patient = cancels && mayLeave
                                    ? answer.timeout(Duration.ofNanos(
                                            ThreadLocalRandom.current().nextInt(2_000_000)))
                                    : answer;
                            return patient.doOnNext(got -> {
                                        if (!delivered
                                                .computeIfAbsent(
                                                        mine.name() + request, k -> ConcurrentHashMap.newKeySet())
                                                .add(got)) {
                                            twice.incrementAndGet();
                                        }
                                    })
                                    .onErrorResume(error -> Mono.empty());
                        },
                        CALLERS,
                        1);
        StepVerifier.create(callers.then()).expectComplete().verify(Duration.ofSeconds(60));

        assertThat(twice).hasValue(0);
        assertThat(Flights.of(cache).inFlight).isEmpty();
        Set<String> stored = new TreeSet<>();
        for (int q = 0; q < FINGERPRINTS; q++) {
            for (int sample = 0; sample < CALLERS / FINGERPRINTS; sample++) { // a sample that failed leaves a gap
                String answer = stored(cache, "q" + q, sample);
                assertThat(answer == null || stored.add(answer)).isTrue();
            }
        }
        Set<String> seen = new HashSet<>();
        delivered.values().forEach(seen::addAll);
        assertThat(stored).containsAll(seen);
        // an answer that came while its last caller left is paid and, as in a crash, may not be kept
        assertThat(model.answers.size() - stored.size()).isBetween(0, cancels ? CALLERS / 2 : 0);
        assertThat(model.sent.get()).isEqualTo(model.answers.size() + model.failed.get() + model.cancelled.get());
        if (!cancels) { // how many are cut off otherwise is a matter of the machine's pace
            assertThat(model.cancelled).hasValue(0);
        }
    }

    private static String stored(InMemoryCache cache, String request, int sample) {
        var entry = cache.get(MapCache.KEYS.key(request).fingerprint(), sample).block();
        return entry == null ? null : Codec.json(String.class).decode(entry.answer());
    }
}
