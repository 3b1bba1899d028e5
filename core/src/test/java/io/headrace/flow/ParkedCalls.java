package io.headrace.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.ErrorKind;
import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.Outcome.Failed;
import io.headrace.StorageException;
import io.headrace.layer.CallStack;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallEvent.CallEnded;
import io.headrace.observe.CallEvent.End;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** Calls of which some are parked, which the layers signal by an error of that kind, and the items that make them. */
abstract class ParkedCalls {

    static final Duration SOON = Duration.ofSeconds(20);

    /** Requests that begin so are parked, at once or on another thread. */
    static final String PARKED = "park";

    final List<String> asked = new CopyOnWriteArrayList<>();

    final Sinks.One<String> slow = Sinks.one();

    final AtomicBoolean slowWasCancelled = new AtomicBoolean();

    final List<CallEvent> events = new CopyOnWriteArrayList<>();

    final Call<String, String> call =
            CallStack.<String, String>of(this::answer).listener(events::add).build();

    static Mono<String> parked() {
        return Mono.error(ApiException.builder(ErrorKind.PARKED, "by a batch").build());
    }

    Mono<String> answer(String request) {
        asked.add(request);
        if (request.startsWith(PARKED)) {
            return request.endsWith("later") ? Mono.delay(Duration.ofMillis(2)).then(parked()) : parked();
        }
        return switch (request) {
            case "slow" -> slow.asMono().doOnCancel(() -> slowWasCancelled.set(true));
            case "fails" ->
                Mono.error(ApiException.builder(ErrorKind.REFUSED, "no").build());
            case "disk" -> Mono.error(new StorageException("disk", new IllegalStateException()));
            default -> Mono.just(request + "!");
        };
    }

    static Flux<Outcome<String>> items(String... values) {
        return Flux.range(0, values.length).map(n -> Outcome.ok(Item.of("i" + n, n, values[n])));
    }

    Outcome<String> outcome(Function<String, Mono<String>> function) {
        return outcome("park", function);
    }

    static Outcome<String> outcome(String value, Function<String, Mono<String>> function) {
        return Step.map("s", function).apply(Outcome.ok(Item.of("i", 0, value))).block(SOON);
    }

    static void isParked(Outcome<String> outcome) {
        assertThat(outcome).isInstanceOfSatisfying(Failed.class, failed -> {
            assertThat(failed.kind()).isEqualTo(ErrorKind.PARKED);
            assertThat(failed.step()).isEqualTo("s");
        });
    }

    List<End> ends() {
        return events.stream()
                .filter(CallEnded.class::isInstance)
                .map(event -> ((CallEnded) event).end())
                .toList();
    }
}
