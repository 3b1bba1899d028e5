package io.headrace.layer;

import io.headrace.CachePolicy;
import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Layer;
import io.headrace.cache.KeyFunction;
import io.headrace.cache.ResponseCache;
import io.headrace.cache.SeveralAnswers;
import io.headrace.layer.Waiter.Line;
import io.headrace.model.DeltaSink;
import io.headrace.observe.CallEvent.CacheHit;
import io.headrace.observe.CarefulMeter;
import io.headrace.observe.DryRun;
import io.headrace.observe.Meter;
import java.util.Objects;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

/**
 * Makes one call of all that ask for the same sample at the same time, and gives its answer to each. Stands round the cache, so that they
 * share one lookup and one write. Keeps nothing when the call is over.
 *
 * <p>The first caller leads: the call runs in its Reactor {@code Context}, with its {@link CallOptions}, budget and attempt log. The others
 * follow, and give their places in the step back while they wait. When the leader cancels, the next caller leads and the call goes on: for
 * the old leader's listener and log it ends as not sent and free of charge, for the new leader's it begins. When a follower cancels, the
 * others go on; when the last caller cancels, so does the call.
 *
 * <p>A follower pays nothing: its answer is told as a {@link CacheHit}. A failure reaches every caller once, and is forgotten before that.
 * Some failures are the leader's own: its budget is used up, it would not wait for a gate, or its stream broke off after the first delta.
 * Its followers then begin another call. So do followers of another stack, which may judge answers differently; most often they find the
 * answer stored.
 *
 * <p>Calls of different {@link CachePolicy} are not joined, nor are calls that bypass the cache or run dry.
 *
 * <p>A follower that streams gets the whole answer at once. A leader that streams slows the call down to its own speed until somebody
 * follows; from then on, deltas that it has not taken are kept for it.
 */
public final class SingleFlightLayer<Q, R> implements Layer<Q, R> {

    private final Flights flights;
    private final KeyFunction<? super Q> keys;
    private final Meter<? super Q, ? super R> meter;
    private final SeveralAnswers<Q, R> several;

    private SingleFlightLayer(
            Flights flights,
            KeyFunction<? super Q> keys,
            Meter<? super Q, ? super R> meter,
            SeveralAnswers<Q, R> several) {
        this.flights = flights;
        this.keys = Objects.requireNonNull(keys, "keys");
        this.meter = CarefulMeter.of(meter);
        this.several = Objects.requireNonNull(several, "several");
    }

    /**
     * Joins the calls of all layers that are made for {@code cache}, itself and not an equal one.
     *
     * @param keys which requests are the same
     * @param meter reads off an answer what a follower was spared
     */
    public static <Q, R> SingleFlightLayer<Q, R> of(
            ResponseCache cache, KeyFunction<? super Q> keys, Meter<? super Q, ? super R> meter) {
        return new SingleFlightLayer<>(Flights.of(cache), keys, meter, SeveralAnswers.none());
    }

    /** For requests that may ask for several answers at once: those pass, unless a {@link SampleLayer} takes them apart. */
    public SingleFlightLayer<Q, R> several(SeveralAnswers<Q, R> several) {
        return new SingleFlightLayer<>(flights, keys, meter, several);
    }

    @Override
    public Call<Q, R> around(Call<Q, R> next) {
        KeyedCall<Q, R> inside = KeyedCall.of(Objects.requireNonNull(next, "next"), keys);
        Line<Q, R> line = new Line<>(flights, inside, meter);
        return new KeyedCall<>(next, keys, several) {
            @Override
            Mono<R> apply(KeyedRequest<Q, R> asked) {
                return Mono.deferContextual(
                        context -> isAlone(context) ? inside.apply(asked) : join(line, asked, context));
            }
        };
    }

    private static boolean isAlone(ContextView context) {
        return CallOptions.from(context).cachePolicy().mode() == CachePolicy.Mode.BYPASS
                || context.hasKey(DryRun.class);
    }

    private static <Q, R> Mono<R> join(Line<Q, R> line, KeyedRequest<Q, R> asked, ContextView context) {
        DeltaSink sink = DeltaSink.from(context).orElse(null);
        LeaderDeltas deltas = sink == null ? null : new LeaderDeltas(sink);
        Mono<R> answer = Mono.create(subscriber -> new Waiter<>(line, asked, deltas, subscriber).begin());
        return deltas == null ? answer : deltas.before(answer);
    }
}
