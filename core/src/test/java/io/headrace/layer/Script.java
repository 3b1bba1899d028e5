package io.headrace.layer;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.ErrorKind;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.publisher.Mono;

/** A call that gives prepared answers in turn, one per subscription, and counts what happened to it. */
final class Script implements Call<String, String> {

    private final Deque<Mono<String>> answers = new ArrayDeque<>();
    final AtomicInteger subscribed = new AtomicInteger();
    final AtomicInteger cancelled = new AtomicInteger();

    @SafeVarargs
    Script(Mono<String>... answers) {
        for (Mono<String> answer : answers) {
            this.answers.add(answer);
        }
    }

    static Mono<String> fail(ErrorKind kind) {
        return Mono.error(() -> error(kind));
    }

    static ApiException error(ErrorKind kind) {
        return ApiException.builder(kind, "scripted " + kind.label()).build();
    }

    @Override
    public Mono<String> apply(String request) {
        return Mono.defer(() -> {
                    subscribed.incrementAndGet();
                    synchronized (answers) {
                        return answers.size() > 1 ? answers.removeFirst() : answers.getFirst();
                    }
                })
                .doOnCancel(cancelled::incrementAndGet);
    }
}
