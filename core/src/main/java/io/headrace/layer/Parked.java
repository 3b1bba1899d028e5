package io.headrace.layer;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import org.jspecify.annotations.Nullable;

/** The error of a call whose answer does not come now, but by a batch, or not at all: how it passes the layers, up to the outermost one. */
final class Parked {

    private Parked() {}

    static ApiException error() {
        return ApiException.builder(
                        ErrorKind.PARKED,
                        "the answer shall come by a batch; ask again when that has been collected, it is in the cache then")
                .delivery(Delivery.NOT_SENT)
                .build();
    }

    /** That of a call that a dry run holds back. */
    static ApiException inDryRun() {
        return ApiException.builder(ErrorKind.PARKED, "not sent: a dry run")
                .delivery(Delivery.NOT_SENT)
                .build();
    }

    /** {@code error} if it says so, else null. */
    static @Nullable ApiException of(@Nullable Throwable error) {
        return error instanceof ApiException api && api.kind() == ErrorKind.PARKED ? api : null;
    }
}
