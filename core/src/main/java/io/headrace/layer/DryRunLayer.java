package io.headrace.layer;

import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Cost;
import io.headrace.Layer;
import io.headrace.Usage;
import io.headrace.admission.Demand;
import io.headrace.admission.DemandEstimator;
import io.headrace.observe.DryRun;
import io.headrace.observe.Meter;
import java.util.Objects;
import reactor.core.publisher.Mono;

/**
 * Sends nothing while there is a {@link DryRun} in the context: tells it what the call would take and ends with {@link
 * DryRun.NotSent}. Stands just inside the cache.
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
        return request -> Mono.deferContextual(context -> {
            DryRun dryRun = DryRun.from(context).orElse(null);
            if (dryRun == null) {
                return next.apply(request);
            }
            Demand demand = demands.demand(request);
            Usage input = Usage.of(demand.inputTokens(), 0);
            Cost least = meter.price(request, input);
            dryRun.wouldSend(
                    CallOptions.from(context),
                    Usage.of(demand.inputTokens(), demand.outputTokens()),
                    least,
                    meter.ceiling(request));
            return Mono.error(new DryRun.NotSent());
        });
    }
}
