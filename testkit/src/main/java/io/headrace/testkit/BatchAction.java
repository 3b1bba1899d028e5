package io.headrace.testkit;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One thing that can be asked about files or batches.
 *
 * @param isUpload whether the body goes to a file as it comes
 */
record BatchAction(boolean isUpload, Act act) {

    /** Does it; blocks on files. */
    @FunctionalInterface
    interface Act {

        /**
         * @throws BatchReply.RefusedException if it is refused
         * @throws tools.jackson.core.JacksonException if the body is no JSON where that is asked for
         */
        BatchReply answer(Asked asked) throws IOException;
    }

    /**
     * A request.
     *
     * @param body empty for an upload
     * @param upload the body of an upload; null for any other
     * @param late how long after it a batch is made
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Asked(
            QueryStringDecoder uri,
            HttpHeaders headers,
            byte[] body,
            @Nullable Path upload,
            Duration late) {

        String parameter(String name) {
            return uri.parameters().getOrDefault(name, List.of("")).get(0);
        }

        /** The number in a parameter, held to a range. */
        int limit(int otherwise, int most) {
            String text = parameter("limit");
            int limit;
            try {
                limit = text.isEmpty() ? otherwise : Integer.parseInt(text);
            } catch (NumberFormatException e) {
                limit = 0;
            }
            if (limit < 1 || limit > most) {
                throw BatchReply.RefusedException.invalid("limit: Input should be a number from 1 to " + most);
            }
            return limit;
        }
    }

    static BatchAction of(Act act) {
        return new BatchAction(false, act);
    }

    static BatchAction upload(Act act) {
        return new BatchAction(true, act);
    }
}
