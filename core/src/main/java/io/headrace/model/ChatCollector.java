package io.headrace.model;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.model.ChatDelta.End;
import io.headrace.model.ChatDelta.OfChoice;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Puts an answer together from its deltas: the same one that the provider gives to the same request without a stream. For one
 * answer; not thread-safe.
 */
public final class ChatCollector {

    private final Map<Integer, ChoiceCollector> choices = new TreeMap<>();
    private @Nullable End end;

    private ChatCollector() {}

    public static ChatCollector create() {
        return new ChatCollector();
    }

    /**
     * The answer of a stream. Each delta is handed to the {@link DeltaSink} in the context, where there is one, and the next
     * one asked for when it was taken. {@code deltas} is subscribed to once for each subscription, and not at all after the sink
     * has got deltas of an earlier attempt.
     *
     * <p>Cancelling cancels {@code deltas} at once. Errors: those of {@code deltas}, after what came before them was taken; and {@link
     * ErrorKind#MALFORMED_RESPONSE} if they complete without an {@link End}, for a short answer is none.
     */
    public static Mono<ChatResponse> collect(Flux<ChatDelta> deltas) {
        return Mono.deferContextual(context -> {
            DeltaSink sink = DeltaSink.from(context).orElse(null);
            if (sink != null && sink.delivered()) {
                return Mono.error(begunAlready());
            }
            ChatCollector collector = create();
            Mono<Void> collected = sink == null
                    ? deltas.doOnNext(collector::add).then()
                    : deltas.doOnNext(collector::add)
                            .concatMapDelayError(sink::emit, true, 1)
                            .then();
            return collected.then(Mono.fromSupplier(collector::answer));
        });
    }

    /** Adds the next delta; nothing may follow an {@link End}. */
    public ChatCollector add(ChatDelta delta) {
        if (end != null) {
            throw malformed("a delta follows the end of the stream");
        }
        if (delta instanceof End last) {
            end = last;
        } else if (delta instanceof OfChoice piece) {
            choices.computeIfAbsent(piece.choice(), ChoiceCollector::new).add(piece);
        }
        return this;
    }

    /**
     * The answer.
     *
     * @throws ApiException of kind {@link ErrorKind#MALFORMED_RESPONSE} without an {@link End}
     */
    public ChatResponse answer() {
        if (end == null) {
            throw malformed("the stream ended without its end marker");
        }
        List<Choice> complete = new ArrayList<>();
        for (ChoiceCollector choice : choices.values()) {
            complete.add(choice.choice());
        }
        if (complete.isEmpty()) {
            complete.add(new ChoiceCollector(0).choice());
        }
        return new ChatResponse(end.id(), end.model(), complete, end.usage(), end.requestId(), end.serviceTier());
    }

    private static ApiException malformed(String why) {
        return ApiException.builder(ErrorKind.MALFORMED_RESPONSE, why).build();
    }

    private static ApiException begunAlready() {
        return ApiException.builder(
                        ErrorKind.TRANSPORT,
                        "not asked again: the subscriber has got a part of an answer from an attempt that failed")
                .delivery(Delivery.NOT_SENT)
                .isTransient(false)
                .build();
    }
}
