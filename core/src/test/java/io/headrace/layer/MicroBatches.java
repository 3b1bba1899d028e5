package io.headrace.layer;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.CallOptions;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.test.scheduler.VirtualTimeScheduler;
import reactor.util.context.ContextView;

/** A batcher whose batches are watched, and calls that join them. */
abstract class MicroBatches {

    static final Duration WAIT = Duration.ofMillis(10);

    final VirtualTimeScheduler time = VirtualTimeScheduler.create();

    /** The ids of each batch that was sent, in order. */
    final List<List<String>> sent = new CopyOnWriteArrayList<>();

    final List<List<String>> requests = new CopyOnWriteArrayList<>();

    final AtomicInteger cancelled = new AtomicInteger();

    final AtomicReference<ContextView> context = new AtomicReference<>();

    /** Answers that nobody can file by position. */
    static BatchResponse<String> answers(BatchRequest<String> batch) {
        List<BatchRequest.Element<String>> reversed = new ArrayList<>(batch.elements());
        Collections.reverse(reversed);
        BatchResponse.Builder<String> answers = BatchResponse.builder();
        reversed.forEach(element -> answers.answer(element.id(), "to " + element.request()));
        return answers.build();
    }

    MicroBatcher.Builder<String, String> batcher(Function<BatchRequest<String>, Mono<BatchResponse<String>>> call) {
        return MicroBatcher.<String, String>builder(batch -> Mono.deferContextual(seen -> {
                    context.set(seen);
                    sent.add(batch.elements().stream()
                            .map(BatchRequest.Element::id)
                            .toList());
                    requests.add(batch.requests());
                    return call.apply(batch).doOnCancel(cancelled::incrementAndGet);
                }))
                .key(MapCache.KEYS)
                .maxWait(WAIT)
                .timer(() -> time);
    }

    MicroBatcher.Builder<String, String> answering() {
        return batcher(batch -> Mono.fromSupplier(() -> answers(batch)));
    }

    /** A call that is on its way, and what it came to. */
    static final class Caller {

        final List<String> answers = new CopyOnWriteArrayList<>();
        final List<Throwable> errors = new CopyOnWriteArrayList<>();
        Disposable call = () -> {};

        Throwable error() {
            assertThat(answers).isEmpty();
            assertThat(errors).hasSize(1);
            return errors.get(0);
        }
    }

    static Caller ask(MicroBatcher<String, String> batcher, String item, String request) {
        return ask(batcher, CallOptions.of("step", item), request);
    }

    static Caller ask(MicroBatcher<String, String> batcher, CallOptions options, String request) {
        Caller caller = new Caller();
        caller.call =
                batcher.apply(request).contextWrite(options::into).subscribe(caller.answers::add, caller.errors::add);
        return caller;
    }

    static ApiException error(ErrorKind kind) {
        return ApiException.builder(kind, "scripted " + kind.label())
                .delivery(Delivery.REFUSED)
                .build();
    }
}
