package io.headrace.layer;

import io.headrace.CallOptions;
import io.headrace.Cost;
import io.headrace.Usage;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallEvent.CacheHit;
import io.headrace.observe.CallListener;
import reactor.core.publisher.Mono;

/**
 * What a call for several answers was given without paying, told as one hit when the call ends: it is one call, however many
 * answers it asks for. Of a call that is cancelled nothing is told. Thread-safe.
 */
final class GatheredHits implements CallListener {

    private final CallListener listener;
    private final CallOptions options;
    private final int asked;

    private int hits;
    private Usage usage = Usage.ZERO;
    private Cost saved = Cost.ZERO;

    private GatheredHits(CallListener listener, CallOptions options, int asked) {
        this.listener = listener;
        this.options = options;
        this.asked = asked;
    }

    /**
     * {@code answer} with its hits told as one.
     *
     * @param asked how many answers it is put together of
     */
    static <R> Mono<R> of(Mono<R> answer, int asked) {
        return Mono.deferContextual(context -> {
            GatheredHits gathered = new GatheredHits(CallListener.from(context), CallOptions.from(context), asked);
            return answer.doOnTerminate(gathered::tellHit)
                    .contextWrite(inside -> inside.put(CallListener.class, gathered));
        });
    }

    @Override
    public void on(CallEvent event) {
        if (event instanceof CacheHit hit) {
            gather(hit);
        } else {
            listener.tell(event);
        }
    }

    private synchronized void gather(CacheHit hit) {
        hits++;
        usage = usage.plus(hit.usage());
        saved = saved.plus(hit.saved());
    }

    private void tellHit() {
        CacheHit gathered;
        synchronized (this) {
            if (hits == 0) {
                return;
            }
            gathered = new CacheHit(options, usage, saved, hits == asked);
        }
        listener.tell(gathered);
    }

    @Override
    public boolean includes(CallListener other) {
        return this == other || listener.includes(other);
    }
}
