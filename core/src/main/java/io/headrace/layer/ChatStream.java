package io.headrace.layer;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.model.ChatDelta;
import io.headrace.model.ChatDelta.End;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import java.util.Objects;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Gives the answers of a call in pieces, as the model writes them. It is the same call that gives whole answers, with the same layers: {@code
 * ChatStream.of(CallStack.chat(model).cache(cache).build())}. The permit is held to the end, the collected answer is stored, and a stored answer
 * comes in pieces too.
 *
 * <p>Thread-safe.
 */
public final class ChatStream implements Function<ChatRequest, Flux<ChatDelta>> {

    private final Call<ChatRequest, ChatResponse> call;

    private ChatStream(Call<ChatRequest, ChatResponse> call) {
        this.call = Objects.requireNonNull(call, "call");
    }

    /**
     * @param call in its layers; a {@link StreamLayer} is among those of {@link CallStack#chat}
     */
    public static ChatStream of(Call<ChatRequest, ChatResponse> call) {
        return new ChatStream(call);
    }

    /**
     * The answer to {@code request} in pieces. The last one, {@link End}, comes when the whole answer has passed all layers and is stored; until
     * then an error may still come. An answer that comes whole, from a cache or a call that does not stream, has one delta for each part.
     *
     * <p>Nothing happens before a subscriber asks for a delta; each subscription asks the model again. Deltas come on demand, with the source at
     * most two ahead. The time that the subscriber takes counts towards the limits of the attempt and the transport. Cancelling cancels the call
     * at once. Emits on the thread of the call or of the request for more.
     *
     * <p>Errors are those of the call. Attempts that fail before the first delta are retried unseen. After it no further attempt is made, and
     * the error keeps its kind but is not transient.
     */
    @Override
    public Flux<ChatDelta> apply(ChatRequest request) {
        Objects.requireNonNull(request, "request");
        return Flux.defer(() -> {
            Handoff handoff = new Handoff();
            Mono<Void> answered =
                    call.apply(request).contextWrite(handoff::into).flatMap(answer -> finish(answer, handoff));
            return handoff.deltas().takeUntilOther(handoff.asked().then(answered));
        });
    }

    /** The text of the first choice of the answer to {@code request} in pieces, as {@link #apply} gives them. */
    public Flux<String> texts(ChatRequest request) {
        return apply(request)
                .mapNotNull(delta -> delta instanceof ChatDelta.Text text && text.choice() == 0 ? text.text() : null);
    }

    /** Hands over what the subscriber has not got of {@code answer}. */
    private static Mono<Void> finish(ChatResponse answer, Handoff handoff) {
        if (!handoff.delivered()) {
            return Flux.fromIterable(ChatDelta.of(answer))
                    .concatMap(handoff::put, 1)
                    .then();
        }
        End end = End.of(answer);
        return end.equals(handoff.end()) ? handoff.put(end) : Mono.error(anotherAnswer());
    }

    /** Such as a fallback's from its cache, after a stream broke off. */
    private static ApiException anotherAnswer() {
        return ApiException.builder(
                        ErrorKind.TRANSPORT,
                        "the stream broke off, and the answer that came in its place cannot go on from what was delivered")
                .delivery(Delivery.ANSWERED)
                .isTransient(false)
                .build();
    }
}
