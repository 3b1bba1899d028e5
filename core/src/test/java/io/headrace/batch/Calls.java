package io.headrace.batch;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.headrace.CallOptions;
import io.headrace.Cost;
import io.headrace.Fingerprint;
import io.headrace.cache.CallKey.FieldDigest;
import java.math.BigDecimal;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;

/** Parked calls of texts: ten tokens and a ceiling of a dollar each. */
final class Calls {

    static final long TOKENS = 10;

    private Calls() {}

    static Fingerprint fingerprint(String request) {
        try {
            return Fingerprint.of(MessageDigest.getInstance("SHA-256").digest(request.getBytes(UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    static ParkedCall<String> of(String request) {
        return of(request, 0);
    }

    static ParkedCall<String> of(String request, int sample) {
        return of(request, sample, Cost.of(BigDecimal.ONE));
    }

    static ParkedCall<String> of(String request, int sample, Cost ceiling) {
        return new ParkedCall<>(
                fingerprint(request),
                sample,
                request,
                CallOptions.of("step", "item of " + request),
                List.of(new FieldDigest("text", 42)),
                TOKENS,
                ceiling);
    }
}
