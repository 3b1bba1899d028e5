package io.headrace.layer;

import static io.headrace.layer.Samples.stack;
import static io.headrace.layer.Samples.with;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.ErrorKind;
import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.Priority;
import io.headrace.Tally;
import io.headrace.admission.Gate;
import io.headrace.flow.MapStep;
import io.headrace.flow.Step;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

/** A call that several wait for, in line at a gate and for a place in a step. */
class FlightPlacesTest extends FlightCalls {

    @Test
    void failureOfALeaderThatWouldNotWait_isHisOwn() {
        Gate gate = Gate.builder("limit").concurrency(1).build();
        Call<String, String> stack = stack(upstream, cache).gate(gate).build();
        ask(stack.apply("other"));
        ask(with(stack.apply("q"), o -> o.withFailFast(true)));
        ask(stack.apply("q"));
        upstream.calls.get(0).tryEmitValue("room");
        assertThat(ends).contains("room");
        upstream.answer("yes");
        assertThat(ends).contains("yes");
        nothingRemains();
    }

    @Test
    void leaderThatWaitsForItsPlace_andFollowersThatHoldAllPlaces_doNotDeadlock() {
        int items = 30;
        Script script =
                new Script(Script.fail(ErrorKind.OVERLOADED), Script.fail(ErrorKind.OVERLOADED), Mono.just("yes"));
        Call<String, String> stack = stack(script, cache)
                .retry(RetrySpec.fixedDelay(5, Duration.ofMillis(20)))
                .build();
        AtomicInteger entered = new AtomicInteger();
        MapStep<Integer, String> narrow = Step.<Integer, String>map("ask", i -> {
                    entered.incrementAndGet();
                    return stack.apply("q");
                })
                .concurrency(2);
        Flux<Outcome<Integer>> rows =
                Flux.range(0, items).map(i -> new Outcome.Ok<>(Item.of("i" + i, i, i), Tally.ZERO));
        StepVerifier.create(rows.transform(narrow))
                .thenConsumeWhile(outcome -> outcome instanceof Outcome.Ok)
                .expectComplete()
                .verify(Duration.ofSeconds(20));
        assertThat(entered).hasValue(items);
    }

    /** A step of one place whose item leads a call, which waits; another item has taken its place meanwhile, and keeps it. */
    private Disposable narrowStep(Call<String, String> stack) {
        MapStep<Integer, String> narrow = Step.<Integer, String>map(
                        "ask", i -> i == 0 ? stack.apply("q") : Mono.never())
                .concurrency(1);
        return Flux.range(0, 2)
                .<Outcome<Integer>>map(i -> new Outcome.Ok<>(Item.of("i" + i, i, i), Tally.ZERO))
                .transform(narrow)
                .subscribe();
    }

    /** In line at a gate whose place is taken: a call that the item of such a step leads and another one follows. */
    private Disposable sharedBehindBusy(Gate gate) {
        Call<String, String> stack = stack(upstream, cache).gate(gate).build();
        ask(stack.apply("busy"));
        Disposable step = narrowStep(stack);
        ask(stack.apply("q"));
        return step;
    }

    @Test
    void followerOfALeaderWhoseStepIsGone_doesNotWaitForAPlaceThere() {
        Gate gate = Gate.builder("limit").concurrency(1).build();
        Disposable step = sharedBehindBusy(gate);
        upstream.answer("room at the gate");
        assertThat(upstream.calls).hasSize(1);

        step.dispose();

        assertThat(upstream.calls).hasSize(2);
        upstream.answer("yes");
        assertThat(ends).containsExactly("room at the gate", "yes");
        assertThat(gate.snapshot().inFlight()).isZero();
        nothingRemains();
    }

    @Test
    void followerOfALeaderWhoseStepIsGone_isAskedForAgainWithoutAPlaceThere() {
        VirtualTimeScheduler time = VirtualTimeScheduler.create();
        Script script = new Script(Script.fail(ErrorKind.OVERLOADED), Mono.just("yes"));
        Call<String, String> stack = stack(script, cache)
                .retry(RetrySpec.fixedDelay(2, Duration.ofSeconds(1)).scheduler(() -> time))
                .build();
        Disposable step = narrowStep(stack);
        ask(stack.apply("q"));
        time.advanceTimeBy(Duration.ofSeconds(2));
        assertThat(script.subscribed).hasValue(1);

        step.dispose();

        assertThat(ends).containsExactly("yes");
        nothingRemains();
        time.dispose();
    }

    @Test
    void leaderThatLeavesWhileItsCallWaits_keepsTheWaitForTheFollower() {
        Gate gate = Gate.builder("limit").concurrency(1).build();
        Disposable step = sharedBehindBusy(gate);

        step.dispose();

        assertThat(upstream.calls).hasSize(1);
        upstream.answer("room at the gate");
        upstream.answer("yes");
        assertThat(ends).containsExactly("room at the gate", "yes");
        assertThat(gate.snapshot().inFlight()).isZero();
        nothingRemains();
    }

    @Test
    void joinerOfHigherPriority_raisesTheFlightWhileItWaitsAtTheGate() {
        Gate gate = Gate.builder("limit").concurrency(1).build();
        List<String> sent = new ArrayList<>();
        Call<String, String> stack = stack(
                        request -> {
                            sent.add(request);
                            return upstream.apply(request);
                        },
                        cache)
                .gate(gate)
                .build();
        Function<CallOptions, CallOptions> batch = o -> o.withPriority(Priority.BATCH);
        ask(with(stack.apply("busy"), batch));
        ask(with(stack.apply("first"), batch));
        ask(with(stack.apply("urgent"), batch));
        ask(with(stack.apply("urgent"), o -> o.withPriority(Priority.INTERACTIVE)));
        ask(with(stack.apply("first"), batch));
        upstream.answer("done");
        assertThat(sent).containsExactly("busy", "urgent");
        upstream.answer("done");
        upstream.answer("done");
        assertThat(ends).hasSize(5).containsOnly("done");
        assertThat(gate.snapshot().waiting()).isZero();
        nothingRemains();
    }

    @Test
    void joinerBeforeTheCallComesToTheGate_raisesItToo() {
        Gate gate = Gate.builder("limit").concurrency(1).build();
        Sinks.Empty<Void> found = Sinks.empty();
        List<String> sent = new ArrayList<>();
        Call<String, String> stack = CallStack.of((String request) -> {
                    sent.add(request);
                    return upstream.apply(request);
                })
                .key(MapCache.KEYS)
                .codec(MapCache.CODEC)
                .cache(slowToRead(found))
                .gate(gate)
                .noRetry()
                .build();
        Function<CallOptions, CallOptions> batch = o -> o.withPriority(Priority.BATCH);
        ask(with(stack.apply("busy"), batch));
        ask(with(stack.apply("first"), batch));
        ask(with(stack.apply("urgent"), batch));
        ask(with(stack.apply("urgent"), o -> o.withPriority(Priority.INTERACTIVE)));
        found.tryEmitEmpty();
        upstream.answer("done");
        assertThat(sent).containsExactly("busy", "urgent");
    }
}
