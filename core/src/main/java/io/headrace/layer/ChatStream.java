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
 * Gives the answers of a call in pieces, as the model writes them. The call is the same one that gives whole answers, with the
 * same layers: {@code ChatStream.of(CallStack.chat(model).cache(cache).build())}. A permit is held to the end, what is
 * collected is stored, and what is stored comes back as pieces.
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
     * The answer to {@code request} in pieces, an {@link End} last. It comes when the whole answer has passed all layers, a
     * cache's write included: until then an error may still come. An answer that comes whole, from a cache or from a call that
     * does not stream, is given as one delta for each of its parts.
     *
     * <p>Nothing happens before a subscriber asks for a delta; each subscription asks the model anew. Deltas come as they are asked
     * for, and the call's source is at most two ahead; the time that the subscriber takes counts to the attempt's, and to the limits
     * of the transport. Cancelling cancels the call at once. What comes, comes on the thread of the call or of the request for more.
     *
     * <p>Errors are those of the call. Attempts that fail before the first delta are retried as ever and do not show; later no
     * attempt begins any more, and the error has its own kind, not transient.
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
