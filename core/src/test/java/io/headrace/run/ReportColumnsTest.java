package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import io.headrace.admission.CoolDownSpec;
import io.headrace.admission.Gate;
import io.headrace.cache.CallKeyBuilder;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.ResponseCache;
import io.headrace.flow.Reduction;
import io.headrace.layer.CallStack;
import io.headrace.model.ChatCall;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.Choice;
import io.headrace.model.FinishReason;
import io.headrace.model.Part;
import io.headrace.observe.ScriptedMeter;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** What stands in the report under "this run" and "all runs" is the same thing counted twice. */
class ReportColumnsTest extends Runs {

    private final AtomicInteger asked = new AtomicInteger();

    @Test
    void refusalsThatWaitAtTheGate_areRetriesInBothColumns() {
        Gate gate = Gate.builder("test")
                .concurrency(4)
                .coolDown(CoolDownSpec.standard().ownWaits(Duration.ofMillis(1), Duration.ofMillis(2)))
                .build();
        Call<String, String> call = CallStack.of((String word) -> asked.getAndIncrement() % 3 == 0
                        ? Mono.error(ApiException.builder(ErrorKind.RATE_LIMITED, "too fast")
                                .delivery(Delivery.REFUSED)
                                .build())
                        : upper(word))
                .gate(gate)
                .build();
        RunReport report =
                run(words(20), call::apply).gate(gate).build().execute().block(SOON);
        long again = asked.get() - 20L;
        assertThat(again).isPositive();
        assertThat(report.thisRun().calls().retried()).isEqualTo(again);
        assertThat(report.attempts().retriedByKind()).containsEntry(ErrorKind.RATE_LIMITED, again);
        assertThat(report.total().calls().retried()).isEqualTo(again);
        assertThat(report.total().calls()).isEqualTo(report.thisRun().calls());
    }

    @Test
    void callsOfReductions_countInAllRunsToo() {
        ResponseCache cache = InMemoryCache.create();
        Call<String, String> call = CallStack.of((String word) -> asked.getAndIncrement() == 3 ? fault() : upper(word))
                .key(word ->
                        CallKeyBuilder.of("test", "upper").field("word", word).build())
                .codec(Codec.json(String.class))
                .cache(cache)
                .build();
        Run<String> run = run(words(3), call::apply)
                .reduction(new Reduction<>(
                        "last",
                        () -> "",
                        (all, item) -> all,
                        all -> call.apply("the last one").map(String::length)))
                .build();
        RunReport first = run.execute().block(SOON);
        assertThat(first.thisRun().calls()).isEqualTo(new RunReport.Calls(5, 0, 1, 0, 0));
        assertThat(first.total().calls()).isEqualTo(first.thisRun().calls());
        RunReport second = run.execute().block(SOON);
        assertThat(second.thisRun().calls()).isEqualTo(new RunReport.Calls(0, 1, 0, 0, 1));
        assertThat(second.total().calls()).isEqualTo(new RunReport.Calls(5, 1, 1, 0, 0.2));
        RunReport third = run.execute().block(SOON);
        assertThat(third.total().calls().cached()).isEqualTo(2);
    }

    @Test
    void callThatFailsWithoutAnAttempt_hidesNoRetryOfAnother() {
        Call<String, String> call = CallStack.of((String word) -> asked.getAndIncrement() == 0 ? fault() : upper(word))
                .key(word -> {
                    if (word.equals("word1")) {
                        throw new IllegalArgumentException("no key");
                    }
                    return CallKeyBuilder.of("test", "upper")
                            .field("word", word)
                            .build();
                })
                .codec(Codec.json(String.class))
                .cache(InMemoryCache.create())
                .build();
        RunReport report = run(words(3), call::apply).build().execute().block(SOON);
        assertThat(report.thisRun().calls()).isEqualTo(new RunReport.Calls(3, 0, 1, 0, 0));
        assertThat(report.total().calls()).isEqualTo(report.thisRun().calls());
    }

    @Test
    void answersAskedForOneByOne_areNoRetries() {
        ChatCall withoutN = new ChatCall() {
            @Override
            public String identity() {
                return "simulated";
            }

            @Override
            public Mono<ChatResponse> apply(ChatRequest request) {
                return Mono.just(new ChatResponse(
                        "id",
                        "gpt-4o",
                        List.of(new Choice(0, List.of(new Part.Text("Hi")), FinishReason.STOP)),
                        Usage.of(1, 1)));
            }
        };
        Call<ChatRequest, ChatResponse> chat = CallStack.chat(withoutN).build();
        RunReport report = run(
                        words(1),
                        word -> chat.apply(ChatRequest.builder("gpt-4o")
                                        .user(word)
                                        .n(3)
                                        .build())
                                .map(ChatResponse::text))
                .build()
                .execute()
                .block(SOON);
        assertThat(report.thisRun().calls()).isEqualTo(new RunReport.Calls(3, 0, 0, 0, 0));
        assertThat(report.total().calls()).isEqualTo(report.thisRun().calls());
    }

    @Test
    void whatRowsTookThatWereCutOff_countsInAllRunsToo() {
        InMemoryCache cache = InMemoryCache.create();
        Call<String, String> call = CallStack.of((String word) -> asked.getAndIncrement() == 0 ? fault() : upper(word))
                .key(word ->
                        CallKeyBuilder.of("test", "upper").field("word", word).build())
                .codec(Codec.json(String.class))
                .meter(new ScriptedMeter<>(
                        word -> Cost.of(BigDecimal.ONE), answer -> Usage.of(1, 1), answer -> Cost.of(BigDecimal.ONE)))
                .cache(cache)
                .build();
        AtomicInteger arrived = new AtomicInteger();
        AtomicBoolean held = new AtomicBoolean(true);
        Run<String> run = run(
                        words(3),
                        word -> call.apply(word).flatMap(answer -> {
                            arrived.incrementAndGet();
                            return held.get() ? Mono.never() : Mono.just(answer);
                        }))
                .build();
        RunReport.Calls calls = new RunReport.Calls(0, 0, 0, 0, 0);
        Cost saved = Cost.ZERO;
        for (int i = 0; i < 3; i++) {
            held.set(i < 2);
            arrived.set(0);
            AtomicReference<RunReport> ended = new AtomicReference<>();
            StepVerifier.create(run.execute())
                    .then(() -> await(() -> arrived.get() == 3))
                    .then(() -> {
                        if (held.get()) {
                            run.abort();
                        }
                    })
                    .consumeNextWith(ended::set)
                    .expectComplete()
                    .verify(SOON);
            RunReport report = ended.get();
            RunReport.Calls now = report.thisRun().calls();
            saved = saved.plus(report.thisRun().saved());
            calls = new RunReport.Calls(
                    calls.sent() + now.sent(), calls.cached() + now.cached(), calls.retried() + now.retried(), 0, 0);
            assertThat(report.total().calls())
                    .usingRecursiveComparison()
                    .ignoringFields("cachedShare")
                    .isEqualTo(calls);
            assertThat(report.total().saved().usd()).isEqualByComparingTo(saved.usd());
        }
        assertThat(calls).isEqualTo(new RunReport.Calls(4, 6, 1, 0, 0));
        assertThat(saved.usd()).isEqualByComparingTo("6");
    }

    private static Mono<String> fault() {
        return Mono.error(ApiException.builder(ErrorKind.SERVER_ERROR, "a bad moment")
                .delivery(Delivery.REFUSED)
                .build());
    }
}
