package io.headrace.benchmarks.gate;

import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Callers who ask again as soon as they have their answer, so that somebody always waits. Thread-safe. */
final class Clients {

    private final LongAdder answered = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final AtomicReference<String> firstFailure = new AtomicReference<>("");

    /** So many callers, until cancelled; nothing is emitted. */
    Mono<Void> saturate(
            int callers, Call<ChatRequest, ChatResponse> call, Supplier<ChatRequest> requests, CallOptions options) {
        Mono<ChatResponse> one = Mono.defer(() -> call.apply(requests.get()))
                .doOnNext(answer -> answered.increment())
                .onErrorResume(error -> {
                    firstFailure.compareAndSet("", error.toString());
                    failed.increment();
                    return Mono.empty();
                });
        return Flux.range(0, callers)
                .flatMap(caller -> one.repeat().then(), callers, 1)
                .then()
                .contextWrite(options::into);
    }

    long answered() {
        return answered.sum();
    }

    long failed() {
        return failed.sum();
    }

    /** Of the first call that failed, empty if none did. */
    String firstFailure() {
        return Objects.requireNonNullElse(firstFailure.get(), "");
    }
}
