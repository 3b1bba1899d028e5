package io.headrace.admission;

import io.headrace.Cost;
import io.headrace.model.EmbeddingRequest;
import io.headrace.model.TokenEstimator;
import java.util.Objects;

/** What an embedding request asks of a gate: the estimated tokens of its inputs. */
public final class EmbeddingDemand implements DemandEstimator<EmbeddingRequest> {

    private final TokenEstimator estimator;

    private EmbeddingDemand(TokenEstimator estimator) {
        this.estimator = Objects.requireNonNull(estimator, "estimator");
    }

    public static EmbeddingDemand of(TokenEstimator estimator) {
        return new EmbeddingDemand(estimator);
    }

    @Override
    public Demand demand(EmbeddingRequest request) {
        return new Demand(estimator.promptTokens(request), 0, Cost.UNKNOWN);
    }
}
