package io.headrace.layer;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.ErrorKind;
import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.Tally;
import io.headrace.Usage;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.ResponseCache;
import io.headrace.flow.Step;
import io.headrace.model.ChatCall;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.FinishReason;
import io.headrace.observe.CallEvent.AttemptEnded;
import io.headrace.observe.CallEvent.CacheHit;
import io.headrace.observe.CallEvent.CallEnded;
import io.headrace.observe.CallEvent.End;
import io.headrace.observe.Statistics;
import io.headrace.observe.StatisticsSnapshot;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** Whole stacks behind one another: to the caller, and in all counts, one call. */
class FallbackTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    private final ResponseCache cache = InMemoryCache.create();
    private final Recorder reports = new Recorder();

    @AfterEach
    void close() {
        cache.close();
    }

    private static ChatCall model(String name, Mono<String> answer) {
        return new ChatCall() {
            @Override
            public String identity() {
                return "http://" + name;
            }

            @Override
            public Mono<ChatResponse> apply(ChatRequest request) {
                return answer.map(text -> new ChatResponse("1", name, text, FinishReason.STOP, null, Usage.of(1, 1)));
            }
        };
    }

    private static Mono<String> fail(ErrorKind kind) {
        return Mono.error(
                () -> ApiException.builder(kind, "scripted " + kind.label()).build());
    }

    private CallStack<ChatRequest, ChatResponse> stack(ChatCall model) {
        return CallStack.chat(model).cache(cache).retry(RetrySpec.fixedDelay(2, Duration.ZERO));
    }

    private ChatResponse ask(Call<ChatRequest, ChatResponse> call) {
        return call.apply(ChatRequest.builder("m").user("q").build())
                .contextWrite(reports::into)
                .block(SOON);
    }

    @Test
    void fallbackStack_isPartOfOneCall_withTheAttemptsOfBoth() {
        Call<ChatRequest, ChatResponse> call = stack(model("a", fail(ErrorKind.OVERLOADED)))
                .fallback(
                        Set.of(ErrorKind.OVERLOADED),
                        stack(model("b", Mono.just("yes"))).build())
                .build();
        assertThat(ask(call).model()).isEqualTo("b");
        assertThat(reports.of(CallEnded.class))
                .singleElement()
                .satisfies(e -> assertThat(e.end()).isEqualTo(End.ANSWERED));
        assertThat(reports.of(AttemptEnded.class)).hasSize(3);

        reports.events.clear();
        assertThat(ask(call).model()).isEqualTo("b");
        assertThat(reports.of(CacheHit.class)).hasSize(1);
        assertThat(reports.of(CallEnded.class)).hasSize(1);
    }

    @Test
    void itemOfAStep_isChargedOneCallAndAllAttempts() {
        Call<ChatRequest, ChatResponse> call = stack(model("a", fail(ErrorKind.OVERLOADED)))
                .fallback(
                        Set.of(ErrorKind.OVERLOADED),
                        stack(model("b", Mono.just("yes"))).build())
                .build();
        Tally tally = Step.<String, String>map(
                        "ask",
                        text -> call.apply(ChatRequest.builder("m").user(text).build())
                                .map(ChatResponse::text))
                .apply(Outcome.ok(Item.of("i", 0, "q")))
                .block(SOON)
                .tally();
        assertThat(tally.calls()).isEqualTo(1);
        assertThat(tally.attempts()).isEqualTo(3);
    }

    @Test
    void severalFallbacks_areAskedInOrder_eachAfterItsKinds() {
        Call<ChatRequest, ChatResponse> call = stack(model("a", fail(ErrorKind.OVERLOADED)))
                .fallback(
                        Set.of(ErrorKind.OVERLOADED),
                        stack(model("b", fail(ErrorKind.QUOTA_EXHAUSTED))).build())
                .fallback(
                        Set.of(ErrorKind.REFUSED),
                        stack(model("c", Mono.just("no"))).build())
                .fallback(
                        Set.of(ErrorKind.QUOTA_EXHAUSTED),
                        stack(model("d", Mono.just("yes"))).build())
                .build();
        assertThat(ask(call).model()).isEqualTo("d");
        assertThat(reports.of(CallEnded.class)).hasSize(1);
        assertThat(reports.of(AttemptEnded.class)).hasSize(2 + 1 + 1);
    }

    @Test
    void nestedFallbacks_areOneCallToo_andTheLastErrorIsTheCallers() {
        Call<ChatRequest, ChatResponse> last =
                stack(model("c", fail(ErrorKind.REFUSED))).build();
        Call<ChatRequest, ChatResponse> middle = stack(model("b", fail(ErrorKind.OVERLOADED)))
                .fallback(Set.of(ErrorKind.OVERLOADED), last)
                .build();
        Call<ChatRequest, ChatResponse> call = stack(model("a", fail(ErrorKind.OVERLOADED)))
                .fallback(Set.of(ErrorKind.OVERLOADED), middle)
                .build();
        StepVerifier.create(
                        call.apply(ChatRequest.builder("m").user("q").build()).contextWrite(reports::into))
                .expectErrorMessage("scripted refused")
                .verify(SOON);
        assertThat(reports.of(CallEnded.class))
                .singleElement()
                .satisfies(e -> assertThat(e.end()).isEqualTo(End.FAILED));
        assertThat(reports.of(AttemptEnded.class)).hasSize(5);
    }

    @Test
    void listenerOfBothStacks_hearsEachEventOnce_andOneEnd() {
        Statistics both = Statistics.create();
        Recorder second = new Recorder();
        Call<ChatRequest, ChatResponse> call = stack(model("a", fail(ErrorKind.OVERLOADED)))
                .listener(both)
                .fallback(
                        Set.of(ErrorKind.OVERLOADED),
                        stack(model("b", Mono.just("yes")))
                                .listener(both)
                                .listener(second)
                                .build())
                .build();
        ask(call);
        StatisticsSnapshot counted = both.snapshot();
        assertThat(counted.calls().total()).isEqualTo(1);
        assertThat(counted.calls().answered()).isEqualTo(1);
        assertThat(counted.attempts().sent()).isEqualTo(3);
        assertThat(reports.of(AttemptEnded.class)).hasSize(3);
        assertThat(second.of(AttemptEnded.class)).hasSize(1);
        assertThat(second.of(CallEnded.class)).hasSize(1); // the fallback's own listener hears of its own stack
    }

    @Test
    void stackThatIsAFallbackElsewhere_isACallWhereItIsAskedDirectly() {
        Call<ChatRequest, ChatResponse> other =
                stack(model("b", Mono.just("yes"))).build();
        stack(model("a", fail(ErrorKind.OVERLOADED)))
                .fallback(Set.of(ErrorKind.OVERLOADED), other)
                .build();
        ask(other);
        assertThat(reports.of(CallEnded.class)).hasSize(1);
    }
}
