package io.headrace.layer;

import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Layer;
import io.headrace.Usage;
import io.headrace.admission.Demand;
import io.headrace.admission.DemandEstimator;
import io.headrace.observe.DryRun;
import io.headrace.observe.Meter;
import java.util.Objects;
import reactor.core.publisher.Mono;

/**
 * Sends nothing while there is a {@link DryRun} in the context: tells it what the call would take and ends as one that is
 * parked does. Stands just inside the cache.
 */
final class DryRunLayer<Q, R> implements Layer<Q, R> {

    private final DemandEstimator<? super Q> demands;
    private final Meter<? super Q, ? super R> meter;

    DryRunLayer(DemandEstimator<? super Q> demands, Meter<? super Q, ? super R> meter) {
        this.demands = demands;
        this.meter = meter;
    }

    @Override
    public Call<Q, R> around(Call<Q, R> next) {
        Objects.requireNonNull(next, "next");
        Meter<? super Q, ? super R> batch = meter.batch();
        return request -> Mono.deferContextual(context -> {
            DryRun dryRun = DryRun.from(context).orElse(null);
            if (dryRun == null) {
                return next.apply(request);
            }
            Demand demand = demands.demand(request);
            dryRun.wouldSend(
                    CallOptions.from(context),
                    Usage.of(demand.inputTokens(), demand.outputTokens()),
                    range(meter, request, demand),
                    range(batch, request, demand));
            return Mono.error(Parked.inDryRun());
        });
    }

    private static <Q> DryRun.Range range(Meter<? super Q, ?> meter, Q request, Demand demand) {
        return new DryRun.Range(meter.price(request, Usage.of(demand.inputTokens(), 0)), meter.ceiling(request));
    }
}
