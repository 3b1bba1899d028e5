package io.headrace.provider.http;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaders;
import org.jspecify.annotations.Nullable;
import reactor.util.context.ContextView;

/**
 * Reads answers that lie within other bodies, such as those of a batch, by the code and the error rules of an online call.
 * Thread-safe.
 *
 * @param <R> the answer
 */
public final class StoredAnswers<R> {

    private final JsonCall<String, R> call;

    StoredAnswers(JsonCall<String, R> call) {
        this.call = call;
    }

    /**
     * @param context of the call whose answer it came in, whose key no message shows
     * @param about what the answer belongs to, for error messages
     * @param status the HTTP status that it came with; 0 for an error that came with none
     * @param requestId the provider's id of the request; null if it gave none
     * @param json the body of the answer
     * @throws io.headrace.ApiException if it tells of an error or breaks the protocol. As what was asked is not known here, the server's
     *     words are shown without what stands in quotes in them.
     */
    public R read(ContextView context, String about, int status, @Nullable String requestId, byte[] json) {
        HttpHeaders headers =
                DefaultHttpHeadersFactory.headersFactory().withValidation(false).newHeaders();
        if (requestId != null) {
            headers.set("x-request-id", requestId);
        }
        try {
            return call.decode(about, new HttpAnswer(status, headers, json, json.length, Credentials.keyIn(context)));
        } catch (ApiException e) {
            throw e.delivery() == Delivery.UNKNOWN && status != 200 ? refused(e) : e;
        }
    }

    /** What is written down as failed has ended for sure, and only answers are billed. */
    private static ApiException refused(ApiException error) {
        return ApiException.builder(error, error.getMessage())
                .delivery(Delivery.REFUSED)
                .build();
    }
}
