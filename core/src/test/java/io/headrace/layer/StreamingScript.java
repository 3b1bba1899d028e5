package io.headrace.layer;

import io.headrace.model.ChatCall;
import io.headrace.model.ChatCollector;
import io.headrace.model.ChatDelta;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.DeltaSink;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A chat model that plays prepared streams in turn, one per attempt, as a provider does; whole ones where nobody listens. */
final class StreamingScript implements ChatCall {

    private final Deque<Flux<ChatDelta>> streams = new ArrayDeque<>();
    final AtomicInteger subscribed = new AtomicInteger();
    final AtomicInteger streamed = new AtomicInteger();
    final AtomicInteger cancelled = new AtomicInteger();
    final AtomicLong given = new AtomicLong();

    @SafeVarargs
    StreamingScript(Flux<ChatDelta>... streams) {
        for (Flux<ChatDelta> stream : streams) {
            this.streams.add(stream);
        }
    }

    @Override
    public String identity() {
        return "script";
    }

    @Override
    public Mono<ChatResponse> apply(ChatRequest request) {
        return Mono.deferContextual(context -> {
            if (DeltaSink.from(context).isPresent()) {
                streamed.incrementAndGet();
            }
            return ChatCollector.collect(Flux.defer(() -> {
                        subscribed.incrementAndGet();
                        return streams.size() > 1 ? streams.removeFirst() : streams.getFirst();
                    })
                    .doOnNext(delta -> given.incrementAndGet())
                    .doOnCancel(cancelled::incrementAndGet));
        });
    }
}
