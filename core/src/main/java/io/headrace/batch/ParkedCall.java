package io.headrace.batch;

import io.headrace.CallOptions;
import io.headrace.Cost;
import io.headrace.Fingerprint;
import io.headrace.cache.CallKey.FieldDigest;
import java.util.List;
import java.util.Objects;

/**
 * A call whose answer is not stored and shall come by a batch.
 *
 * @param fingerprint what is asked
 * @param sample which of its independent answers
 * @param request what is sent
 * @param options of the call: item, step and namespace are kept with the request, and the namespace with the answer
 * @param fields digests of what made the fingerprint, kept with the answer
 * @param inputTokens estimate of the prompt's, which count against the provider's queue
 * @param ceiling the most that it may cost at the price of batches; unknown without a price or a bound
 */
public record ParkedCall<Q>(
        Fingerprint fingerprint,
        int sample,
        Q request,
        CallOptions options,
        List<FieldDigest> fields,
        long inputTokens,
        Cost ceiling) {

    public ParkedCall {
        Objects.requireNonNull(fingerprint, "fingerprint");
        Objects.requireNonNull(request, "request");
        Objects.requireNonNull(options, "options");
        Objects.requireNonNull(ceiling, "ceiling");
        fields = List.copyOf(fields);
    }
}
