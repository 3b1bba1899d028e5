package io.headrace.benchmarks.gate;

import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Priority;
import io.headrace.admission.Gate;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallListener;
import io.headrace.testkit.Latency;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** How long an interactive call waits while 10,000 rows of a run are in line for 20 slots. */
final class InteractiveCalls {

    private static final int WAITING = 10_000;
    private static final int SLOTS = 20;
    private static final int CALLS = 300;

    private final Histogram waits = new ConcurrentHistogram(3);
    private final Histogram turns = new ConcurrentHistogram(3);
    private final Histogram overtaken = new ConcurrentHistogram(3);
    private final AtomicLong rowsAdmitted = new AtomicLong();

    private InteractiveCalls() {}

    static List<Figure> run() {
        return new InteractiveCalls().measure();
    }

    private List<Figure> measure() {
        Gate gate = Gate.builder("interactive").concurrency(SLOTS).build();
        Latency latency = Latency.uniform(Duration.ofMillis(100), Duration.ofMillis(300));
        try (Loopback loopback = Loopback.open(latency)) {
            Call<ChatRequest, ChatResponse> call =
                    loopback.openAi("one", gate).listener(this::on).build();
            Requests requests = new Requests("simulated", 5, 10, 10, 1);
            Mono<Void> rows = new Clients()
                    .saturate(WAITING + SLOTS, call, requests, CallOptions.NONE.withPriority(Priority.BATCH));
            Mono<Void> interactive = Flux.range(0, CALLS)
                    .concatMap(tick -> ask(call.apply(requests.get())), 1)
                    .delaySubscription(Duration.ofSeconds(3))
                    .then();
            rows.takeUntilOther(interactive).block();
        }
        double p99 = waits.getValueAtPercentile(99) / 1e3;
        double turn = turns.getMean() / 1e3;
        List<Figure> figures = new ArrayList<>();
        figures.add(new Figure(
                "wait of " + waits.getTotalCount() + " interactive calls, "
                        + gate.snapshot().gate() + " gate",
                "p50 " + waits.getValueAtPercentile(50) / 1e3 + " ms, p99 " + p99 + " ms, most "
                        + waits.getMaxValue() / 1e3 + " ms; a slot's turn takes " + turn + " ms",
                "p99 at most one slot's turn",
                waits.getTotalCount() == CALLS && p99 <= turn));
        figures.add(new Figure(
                "rows that went in between",
                "p99 " + overtaken.getValueAtPercentile(99) + ", most " + overtaken.getMaxValue(),
                "p99 at most 1 (a row that has aged)",
                overtaken.getValueAtPercentile(99) <= 1));
        return figures;
    }

    private Mono<ChatResponse> ask(Mono<ChatResponse> call) {
        return Mono.defer(() -> {
            long before = rowsAdmitted.get();
            CallListener atAdmission = event -> {
                if (event instanceof CallEvent.Admitted) {
                    overtaken.recordValue(rowsAdmitted.get() - before);
                }
            };
            return call.contextWrite(atAdmission::into)
                    .contextWrite(CallOptions.NONE.withPriority(Priority.INTERACTIVE)::into);
        });
    }

    private void on(CallEvent event) {
        boolean interactive = event.options().priority() == Priority.INTERACTIVE;
        if (event instanceof CallEvent.Admitted admitted) {
            if (interactive) {
                waits.recordValue(micros(admitted.waited()));
            } else {
                rowsAdmitted.incrementAndGet();
            }
        } else if (event instanceof CallEvent.AttemptEnded ended && ended.succeeded()) {
            turns.recordValue(micros(ended.elapsed()));
        }
    }

    private static long micros(Duration duration) {
        return duration.toNanos() / 1_000;
    }
}
