package io.headrace.layer;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.ErrorKind;
import io.headrace.Layer;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * Asks another call when the first one has failed for good. If that fails too, its error has the first one {@linkplain
 * Throwable#getSuppressed() suppressed} in it.
 *
 * <p>A call that waits for a batch has not failed, whatever {@code when} says. Stands outside the cache and the retries; the other call has its
 * own. Cancel reaches the call at work. To the caller and to listeners both are one call.
 */
public final class FallbackLayer<Q, R> implements Layer<Q, R> {

    private final Predicate<? super Throwable> when;
    private final Call<Q, R> other;

    private FallbackLayer(Predicate<? super Throwable> when, Call<Q, R> other) {
        this.when = Objects.requireNonNull(when, "when");
        this.other = Objects.requireNonNull(other, "other");
    }

    /** Asks {@code other} after an {@link ApiException} of one of these kinds. */
    public static <Q, R> FallbackLayer<Q, R> on(Set<ErrorKind> kinds, Call<Q, R> other) {
        Set<ErrorKind> copy = Set.copyOf(kinds);
        return when(error -> error instanceof ApiException api && copy.contains(api.kind()), other);
    }

    /** Asks {@code other} after an error that {@code when} accepts. */
    public static <Q, R> FallbackLayer<Q, R> when(Predicate<? super Throwable> when, Call<Q, R> other) {
        return new FallbackLayer<>(when, other);
    }

    @Override
    public Call<Q, R> around(Call<Q, R> next) {
        Objects.requireNonNull(next, "next");
        return request -> Mono.defer(() -> next.apply(request))
                .onErrorResume(
                        error -> Parked.of(error) == null && when.test(error),
                        first -> Mono.defer(() -> other.apply(request))
                                .doOnError(second -> Notes.add(second, first))
                                .contextWrite(FallbackLayer::asPartOfCall));
    }

    /** {@code context} for a call that answers in the place of another one, which tells of its end. */
    static Context asPartOfCall(Context context) {
        return context.put(PartOfCall.class, PartOfCall.INSTANCE);
    }

    /** Whether a call in this context answers in the place of another one, which tells of its end. */
    static boolean isPartOfCall(ContextView context) {
        return context.hasKey(PartOfCall.class);
    }

    private enum PartOfCall {
        INSTANCE
    }
}
