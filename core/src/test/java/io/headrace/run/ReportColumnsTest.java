package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Codec;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.admission.CoolDownSpec;
import io.headrace.admission.Gate;
import io.headrace.cache.CallKeyBuilder;
import io.headrace.cache.InMemoryCache;
import io.headrace.cache.ResponseCache;
import io.headrace.flow.Reduction;
import io.headrace.layer.CallStack;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

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

    private static Mono<String> fault() {
        return Mono.error(ApiException.builder(ErrorKind.SERVER_ERROR, "a bad moment")
                .delivery(Delivery.REFUSED)
                .build());
    }
}
