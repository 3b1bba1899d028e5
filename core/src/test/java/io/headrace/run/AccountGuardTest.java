package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Codec;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Fingerprint;
import io.headrace.cache.CallKey;
import io.headrace.cache.InMemoryCache;
import io.headrace.dataset.Dataset;
import io.headrace.flow.Pipeline;
import io.headrace.flow.Step;
import io.headrace.layer.CallStack;
import io.headrace.layer.RetrySpec;
import io.headrace.run.RunReport.End;
import io.headrace.run.RunReport.Items;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

class AccountGuardTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    Path directory;

    private final AtomicInteger asked = new AtomicInteger();

    /** A provider that turns down the calls of {@code refused}, by their order, a moment after it was asked. */
    private Call<Integer, Integer> provider(ErrorKind kind, IntPredicate refused) {
        return CallStack.of((Integer row) -> Mono.delay(Duration.ofMillis(1)).flatMap(tick -> {
                    int call = asked.getAndIncrement();
                    return refused.test(call)
                            ? Mono.error(ApiException.builder(kind, "call " + call + " refused")
                                    .delivery(Delivery.REFUSED)
                                    .build())
                            : Mono.just(row);
                }))
                .retry(RetrySpec.standard().maxAttempts(1))
                .build();
    }

    private Run.Builder<Integer, Integer> run(int rows, int concurrency, Call<Integer, Integer> call) {
        return run(rows, Pipeline.of(Step.map("ask", call::apply).concurrency(concurrency)));
    }

    private Run.Builder<Integer, Integer> run(int rows, Pipeline<Integer, Integer> pipeline) {
        return Run.builder(
                Dataset.from("rows", Flux.range(0, rows)).withIds(String::valueOf),
                pipeline,
                directory,
                Codec.json(Integer.class));
    }

    private List<String> deadLetters() throws java.io.IOException {
        return Files.readAllLines(directory.resolve("dead-letters.jsonl"));
    }

    @ParameterizedTest
    @EnumSource(names = {"AUTHENTICATION", "QUOTA_EXHAUSTED", "NOT_FOUND", "TRANSPORT"})
    void everyCallRefused_stopsTheRunAndLeavesEveryItemPending(ErrorKind kind) throws Exception {
        RunReport report =
                run(1_000, 100, provider(kind, call -> true)).build().execute().block(SOON);
        assertThat(report.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(report.reason()).contains("items in a row failed in step 'ask'", "refused");
        assertThat(report.total().items().failed()).isZero();
        assertThat(report.total().items().ok()).isZero();
        assertThat(asked.get()).isLessThan(300);
        assertThat(deadLetters()).isEmpty();
        assertThat(run(1_000, 100, provider(kind, call -> false))
                        .build()
                        .execute()
                        .block(SOON)
                        .total()
                        .items())
                .isEqualTo(new Items(1_000, 1_000, 0, 0, 0, 0));
    }

    @Test
    void stepThatNamesItsCallsOtherwise_isStoppedToo() throws Exception {
        Call<Integer, Integer> provider = provider(ErrorKind.AUTHENTICATION, call -> true);
        Step<Integer, Integer> renamed = Step.map(
                "ask",
                row -> provider.apply(row).contextWrite(CallOptions.of(row % 2 == 0 ? "label" : "first", "")::into));
        Step<Integer, Integer> first =
                Step.map("first", CallStack.of((Integer row) -> Mono.just(row)).build()::apply);
        RunReport report = run(1_000, first.then(renamed)).build().execute().block(SOON);
        assertThat(report.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(report.reason()).contains("items in a row failed in step 'ask'");
        assertThat(report.total().items().failed()).isZero();
        assertThat(deadLetters()).isEmpty();
    }

    @Test
    void accountThatEndsInTheMiddle_leavesNoDeadLetter() throws Exception {
        RunReport report = run(1_000, 100, provider(ErrorKind.QUOTA_EXHAUSTED, call -> call >= 500))
                .build()
                .execute()
                .block(SOON);
        assertThat(report.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(report.total().items().ok()).isEqualTo(500);
        assertThat(report.total().items().failed()).isZero();
        assertThat(deadLetters()).isEmpty();
    }

    @Test
    void itemsThatFailJustBeforeAnOutageIsRecognised_stayPending() throws Exception {
        Call<Integer, Integer> dying = CallStack.of((Integer row) -> switch (asked.getAndIncrement()) {
                    case 0 -> Mono.just(row);
                    case 1, 2 ->
                        Mono.<Integer>error(ApiException.builder(ErrorKind.TRANSPORT, "connection refused")
                                .delivery(Delivery.NOT_SENT)
                                .build());
                    default ->
                        Mono.<Integer>error(ApiException.builder(ErrorKind.UNAVAILABLE, "no call was answered for 2 s")
                                .delivery(Delivery.NOT_SENT)
                                .build());
                })
                .noRetry()
                .build();
        RunReport report = run(9, 1, dying).build().execute().block(SOON);
        assertThat(report.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(report.reason()).contains("no call was answered");
        assertThat(report.total().items().ok()).isEqualTo(1);
        assertThat(report.total().items().failed()).isZero();
        assertThat(directory.resolve("dead-letters.jsonl")).isEmptyFile();
    }

    @Test
    void itemsThatFailAlone_areFailuresOfTheirOwn() throws Exception {
        Set<Integer> refused = Set.of(0, 57, 58, 999);
        RunReport report = run(1_000, 20, provider(ErrorKind.NOT_FOUND, refused::contains))
                .build()
                .execute()
                .block(SOON);
        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(report.total().items()).isEqualTo(new Items(1_000, 996, 4, 0, 0, 0));
        assertThat(deadLetters()).hasSize(4);
        asked.set(0);
        RunReport again = run(1_000, 20, provider(ErrorKind.NOT_FOUND, call -> true))
                .retryFailed(true)
                .build()
                .execute()
                .block(SOON);
        assertThat(again.end()).isEqualTo(End.FINISHED);
        assertThat(again.total().items().failed()).isEqualTo(4);
    }

    @Test
    void fewRowsOfWhichNoneIsAnswered_stayPending() throws Exception {
        RunReport report = run(3, 20, provider(ErrorKind.AUTHENTICATION, call -> true))
                .build()
                .execute()
                .block(SOON);
        assertThat(report.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(report.reason()).isEqualTo("no call of step 'ask' was answered, the last: call 2 refused");
        assertThat(report.total().items()).isEqualTo(new Items(3, 0, 0, 0, 3, 0));
    }

    @Test
    void secondStepWithoutItsModel_stopsThoughTheFirstIsAnswered() throws Exception {
        Call<Integer, Integer> good = provider(ErrorKind.NOT_FOUND, call -> false);
        Call<Integer, Integer> bad = provider(ErrorKind.NOT_FOUND, call -> true);
        RunReport report = run(
                        2_000, Step.<Integer, Integer>map("first", good::apply).then(Step.map("second", bad::apply)))
                .build()
                .execute()
                .block(SOON);
        assertThat(report.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(report.reason()).contains("step 'second'");
        assertThat(deadLetters()).isEmpty();
    }

    @Test
    void failureThatTheStepDealsWith_stopsNothing() {
        Call<Integer, Integer> call = provider(ErrorKind.AUTHENTICATION, i -> true);
        RunReport report = run(
                        100, Pipeline.of(Step.map("ask", row -> call.apply(row).onErrorReturn(-1))))
                .build()
                .execute()
                .block(SOON);
        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(report.total().items().ok()).isEqualTo(100);
    }

    @Test
    void zero_letsEveryItemFail() throws Exception {
        RunReport report = run(100, 20, provider(ErrorKind.AUTHENTICATION, call -> true))
                .stopAfterAccountErrors(0)
                .build()
                .execute()
                .block(SOON);
        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(deadLetters()).hasSize(100);
        assertThatThrownBy(() -> run(1, 1, row -> Mono.just(row)).stopAfterAccountErrors(-1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void one_stopsAtTheFirst() {
        RunReport report = run(100, 1, provider(ErrorKind.AUTHENTICATION, call -> call == 5))
                .stopAfterAccountErrors(1)
                .build()
                .execute()
                .block(SOON);
        assertThat(report.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(report.total().items().ok()).isBetween(5L, 10L);
        assertThat(report.total().items().failed()).isZero();
    }

    /** Refusals come at once and answers late, so the first that end are all failures. */
    @Test
    void refusalsFasterThanAnswers_stopNothing() throws Exception {
        Call<Integer, Integer> models = CallStack.of((Integer row) -> row % 7 == 0
                        ? Mono.<Integer>error(ApiException.builder(ErrorKind.NOT_FOUND, "no such model")
                                .delivery(Delivery.REFUSED)
                                .build())
                        : Mono.delay(Duration.ofMillis(200)).thenReturn(row))
                .retry(RetrySpec.standard().maxAttempts(1))
                .build();
        RunReport report = run(300, 100, models).build().execute().block(SOON);
        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(report.total().items()).isEqualTo(new Items(300, 257, 43, 0, 0, 0));
    }

    @Test
    void failuresThatTheStepDealsWith_areNoneInARow() throws Exception {
        Call<Integer, Integer> first = provider(ErrorKind.QUOTA_EXHAUSTED, i -> true);
        RunReport report = run(
                        100,
                        Pipeline.of(Step.<Integer, Integer>map(
                                        "ask",
                                        row -> first.apply(row)
                                                .onErrorResume(e -> row == 50
                                                        ? Mono.error(ApiException.builder(
                                                                        ErrorKind.NOT_FOUND, "no such model")
                                                                .build())
                                                        : Mono.just(row)))
                                .concurrency(1)))
                .build()
                .execute()
                .block(SOON);
        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(report.total().items()).isEqualTo(new Items(100, 99, 1, 0, 0, 0));
    }

    /** A provider of which the even rows were bought before, by a key that was good then. */
    private Call<Integer, Integer> halfCached(ErrorKind kind) {
        InMemoryCache cache = InMemoryCache.create();
        Call<Integer, Integer> bought = stack(row -> Mono.just(row), cache);
        Flux.range(0, 1_000)
                .filter(row -> row % 2 == 0)
                .concatMap(row -> bought.apply(row).contextWrite(CallOptions.of("ask", String.valueOf(row))::into))
                .blockLast(SOON);
        return stack(
                row -> Mono.delay(Duration.ofMillis(1))
                        .then(Mono.error(ApiException.builder(kind, "row " + row + " refused")
                                .delivery(Delivery.REFUSED)
                                .build())),
                cache);
    }

    private static Call<Integer, Integer> stack(Call<Integer, Integer> call, InMemoryCache cache) {
        return CallStack.of(call)
                .key(row -> new CallKey(new Fingerprint(row, 1, 2, 3), List.of()))
                .codec(Codec.json(Integer.class))
                .cache(cache)
                .noRetry()
                .build();
    }

    /** What was bought by a key that was good then says nothing of the one that is dead now. */
    @ParameterizedTest
    @CsvSource({"AUTHENTICATION, 1000", "QUOTA_EXHAUSTED, 1000", "TRANSPORT, 1000", "AUTHENTICATION, 7"})
    void accountThatIsGone_leavesRowsPendingBetweenCachedOnes(ErrorKind kind, int rows) throws Exception {
        RunReport report = run(rows, 4, halfCached(kind)).build().execute().block(SOON);
        assertThat(report.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(report.reason()).contains("step 'ask'", "refused");
        assertThat(report.total().items().failed()).isZero();
        assertThat(report.total().items().ok()).isPositive();
        assertThat(directory.resolve("dead-letters.jsonl")).isEmptyFile();
    }

    @Test
    void accountOfTheSecondStepThatIsGone_leavesRowsPendingBetweenCachedOnes() throws Exception {
        Step<Integer, Integer> first = Step.map("first", provider(ErrorKind.AUTHENTICATION, call -> false)::apply);
        Step<Integer, Integer> second = Step.map("ask", halfCached(ErrorKind.AUTHENTICATION)::apply);
        RunReport report = run(1_000, first.then(second)).build().execute().block(SOON);
        assertThat(report.end()).isEqualTo(End.STOPPED_BY_POLICY);
        assertThat(report.total().items().failed()).isZero();
        assertThat(directory.resolve("dead-letters.jsonl")).isEmptyFile();
    }

    /** Rows may ask for a model of their own: others that are answered from the cache do not depend on it. */
    @Test
    void modelThatIsGone_failsItsRowsBetweenCachedOnes() throws Exception {
        RunReport report =
                run(1_000, 4, halfCached(ErrorKind.NOT_FOUND)).build().execute().block(SOON);
        assertThat(report.end()).isEqualTo(End.FINISHED);
        assertThat(report.total().items()).isEqualTo(new Items(1_000, 500, 500, 0, 0, 0));
    }
}
