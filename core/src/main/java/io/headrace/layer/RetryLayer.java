package io.headrace.layer;

import io.headrace.Call;
import io.headrace.ErrorShield;
import io.headrace.Layer;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import reactor.core.publisher.Mono;

/**
 * Asks again after failures, by a {@link RetrySpec}. The only layer that retries: turn retries of transports and client
 * libraries off below it.
 *
 * <p>A first attempt runs on the subscriber's thread, later ones on the spec's scheduler unless the wait is zero. Cancel
 * during a wait ends it, and no further attempt starts. Each wait is told as {@link
 * io.headrace.observe.CallEvent.RetryScheduled}. An {@code onErrorContinue} further down does not reach into the call.
 */
public final class RetryLayer<Q, R> implements Layer<Q, R> {

    private final RetrySpec spec;

    private RetryLayer(RetrySpec spec) {
        this.spec = Objects.requireNonNull(spec, "spec");
    }

    public static <Q, R> RetryLayer<Q, R> of(RetrySpec spec) {
        return new RetryLayer<>(spec);
    }

    @Override
    public Call<Q, R> around(Call<Q, R> next) {
        Objects.requireNonNull(next, "next");
        return request ->
                ErrorShield.round(Mono.defer(() -> next.apply(request)).onErrorResume(first -> {
                    RetryCompanion companion = new RetryCompanion(spec);
                    return replaying(first, next, request)
                            .contextWrite(companion::into)
                            .retryWhen(companion);
                }));
    }

    /** The call whose first attempt has failed already: most calls succeed at once and never pay for {@code retryWhen}. */
    private static <Q, R> Mono<R> replaying(Throwable first, Call<Q, R> next, Q request) {
        AtomicBoolean replayed = new AtomicBoolean();
        return Mono.defer(() -> replayed.compareAndSet(false, true) ? Mono.error(first) : next.apply(request));
    }
}
