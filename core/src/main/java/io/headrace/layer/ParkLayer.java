package io.headrace.layer;

import io.headrace.ApiException;
import io.headrace.CachePolicy.Mode;
import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Layer;
import io.headrace.admission.Budget;
import io.headrace.admission.Demand;
import io.headrace.admission.DemandEstimator;
import io.headrace.batch.BatchQueue;
import io.headrace.batch.ParkedCall;
import io.headrace.batch.Standing;
import io.headrace.cache.CallKey;
import io.headrace.cache.KeyFunction;
import java.util.Objects;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

/**
 * Gives what the cache has not got to a {@link BatchQueue} in place of asking for it: the call ends as {@link ErrorKind#PARKED}, or
 * as the batches that were tried said, or goes on inwards where the queue would have it asked for online. Stands just inside the cache,
 * whose key and sample it files the call under.
 *
 * <p>Under a {@link Budget} a call that is new to the queue, or was paid in vain, is parked if what is spent, what others hold, what the
 * queue may still cost or has wasted and the call's own ceiling at the price of batches are within the caps together; from then on the queue
 * answers for it.
 */
final class ParkLayer<Q, R> implements Layer<Q, R> {

    private final BatchQueue queue;
    private final StoredLane<Q, R> lane;
    private final KeyFunction<? super Q> keys;
    private final DemandEstimator<? super Q> demands;

    ParkLayer(
            BatchQueue queue, StoredLane<Q, R> lane, KeyFunction<? super Q> keys, DemandEstimator<? super Q> demands) {
        this.queue = queue;
        this.lane = lane;
        this.keys = keys;
        this.demands = demands;
    }

    @Override
    public Call<Q, R> around(Call<Q, R> next) {
        Objects.requireNonNull(next, "next");
        return request -> Mono.deferContextual(context ->
                CallOptions.from(context).cachePolicy().mode() == Mode.BYPASS
                        ? Mono.error(ParkLayer::notKept)
                        : standing(request, context).flatMap(standing -> {
                            if (standing instanceof Standing.Failed failed) {
                                return Mono.error(failed.error());
                            }
                            return standing instanceof Standing.Online
                                    ? next.apply(request)
                                    : Mono.error(Parked::error);
                        }));
    }

    private Mono<Standing> standing(Q request, ContextView context) {
        CallKey key = KeyedCall.key(keys, request);
        int sample = KeyedCall.sample(context);
        Demand online = demands.demand(request);
        Cost ceiling = lane.meter().ceiling(request);
        Mono<Standing> parked = queue.park(
                lane,
                new ParkedCall<>(
                        key.fingerprint(),
                        sample,
                        request,
                        CallOptions.from(context),
                        key.fields(),
                        online.inputTokens(),
                        ceiling));
        Budget budget = Budget.from(context).orElse(null);
        if (budget == null) {
            return parked;
        }
        queue.under(budget, context);
        Demand inBatch = new Demand(online.inputTokens(), online.outputTokens(), ceiling);
        return queue.standing(key.fingerprint(), sample).switchIfEmpty(BudgetShare.during(parked, budget, inBatch));
    }

    private static ApiException notKept() {
        return ApiException.builder(
                        ErrorKind.INVALID_REQUEST,
                        "a call that bypasses the cache cannot go with a batch, whose answer comes later and is kept there:"
                                + " use CachePolicy.refresh() to buy it anew, or a stack without batches")
                .delivery(Delivery.NOT_SENT)
                .build();
    }
}
