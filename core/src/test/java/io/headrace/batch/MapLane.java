package io.headrace.batch;

import io.headrace.Cost;
import io.headrace.Fingerprint;
import io.headrace.cache.CallKey.FieldDigest;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import reactor.core.publisher.Mono;

/** Keeps answers in a map that outlives queues. An answer costs a thousandth of a dollar for each of its characters. */
class MapLane implements BatchLane<String, String> {

    final BatchApi<String, String> api;
    final Map<String, String> answers;

    MapLane(BatchApi<String, String> api) {
        this(api, new ConcurrentHashMap<>());
    }

    MapLane(BatchApi<String, String> api, Map<String, String> answers) {
        this.api = api;
        this.answers = answers;
    }

    static String key(Fingerprint fingerprint, int sample) {
        return fingerprint + "/" + sample;
    }

    @Override
    public BatchApi<String, String> api() {
        return api;
    }

    @Override
    public Cost cost(String answer) {
        return Cost.of(BigDecimal.valueOf(answer.length(), 3));
    }

    @Override
    public Mono<Boolean> keep(
            Fingerprint fingerprint, int sample, String answer, String namespace, List<FieldDigest> fields) {
        return Mono.fromSupplier(() -> {
            if (answer.contains("unkeepable")) {
                return false;
            }
            answers.put(key(fingerprint, sample), answer);
            return true;
        });
    }
}
