package io.headrace.provider.http;

import io.headrace.admission.Grant;
import io.headrace.admission.ServerLimits;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.http.HttpHeaders;
import java.time.Clock;
import org.jspecify.annotations.Nullable;
import reactor.netty.http.client.HttpClientRequest;

/**
 * For whom one request is sent: with which key, and who hears of the server's limits. Immutable.
 *
 * @param key that came with the call, {@link Secret#NONE} for the provider's own
 * @param grant that let the call in, null if none did
 */
record Caller(Credentials credentials, Secret key, @Nullable Grant grant, Clock clock) {

    /** Puts the key of the call into the head of its request. */
    void sign(HttpClientRequest head) {
        if (key.isPresent()) {
            head.header(credentials.header(), credentials.value(key));
        }
    }

    /** {@code text} without the keys. */
    String strikeFrom(String text) {
        return credentials.own().strikeFrom(key.strikeFrom(text));
    }

    /** {@code error}, or another in its place if its words or those of a cause hold a key: Netty repeats what it cannot decode. */
    Throwable strikeFrom(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            String words = String.valueOf(cause.getMessage());
            String struck = strikeFrom(words);
            if (!struck.equals(words)) {
                return new DecoderException(struck);
            }
        }
        return error;
    }

    /** Passes on what the head of the answer tells of limits. */
    void heard(HttpHeaders head) {
        if (grant != null) {
            ServerLimits limits = RateLimits.read(head, clock);
            if (limits != null) {
                grant.observed(limits);
            }
        }
    }
}
