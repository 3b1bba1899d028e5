package io.headrace.layer;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import io.headrace.layer.BatchRequest.Element;
import io.headrace.model.EmbeddingRequest;
import io.headrace.model.EmbeddingResponse;
import io.headrace.model.TokenEstimator;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import reactor.core.publisher.Mono;

/** Answers embedding requests that differ in nothing but their inputs by one request with all inputs. */
final class EmbeddingBatches implements Call<BatchRequest<EmbeddingRequest>, BatchResponse<EmbeddingResponse>> {

    private final Call<EmbeddingRequest, EmbeddingResponse> call;
    private final TokenEstimator estimator;

    EmbeddingBatches(Call<EmbeddingRequest, EmbeddingResponse> call, TokenEstimator estimator) {
        this.call = Objects.requireNonNull(call, "embeddings");
        this.estimator = estimator;
    }

    /** All of a request but its inputs. */
    static Object group(EmbeddingRequest request) {
        return Arrays.asList(request.model(), request.dimensions(), request.extra());
    }

    @Override
    public Mono<BatchResponse<EmbeddingResponse>> apply(BatchRequest<EmbeddingRequest> batch) {
        return Mono.defer(() -> call.apply(merged(batch.requests()))).map(answer -> split(batch, answer));
    }

    private static EmbeddingRequest merged(List<EmbeddingRequest> requests) {
        EmbeddingRequest any = requests.get(0);
        List<String> inputs =
                requests.stream().flatMap(request -> request.inputs().stream()).toList();
        return new EmbeddingRequest(any.model(), inputs, any.dimensions(), any.extra());
    }

    private BatchResponse<EmbeddingResponse> split(BatchRequest<EmbeddingRequest> batch, EmbeddingResponse answer) {
        int inputs = batch.requests().stream()
                .mapToInt(request -> request.inputs().size())
                .sum();
        if (answer.vectors().size() != inputs) {
            throw ApiException.builder(
                            ErrorKind.MALFORMED_RESPONSE,
                            "an embedding answer has " + answer.vectors().size() + " vectors for " + inputs + " inputs")
                    .delivery(Delivery.ANSWERED)
                    .usage(answer.usage())
                    .build();
        }
        long[] tokens =
                batch.requests().stream().mapToLong(estimator::promptTokens).toArray();
        List<Usage> shares = UsageShares.of(answer.usage(), tokens);
        BatchResponse.Builder<EmbeddingResponse> results = BatchResponse.builder();
        int from = 0;
        for (int i = 0; i < batch.size(); i++) {
            Element<EmbeddingRequest> element = batch.elements().get(i);
            int to = from + element.request().inputs().size();
            results.answer(
                    element.id(),
                    new EmbeddingResponse(
                            answer.model(), answer.vectors().subList(from, to), shares.get(i), answer.requestId()));
            from = to;
        }
        return results.build();
    }
}
