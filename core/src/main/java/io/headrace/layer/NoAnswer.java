package io.headrace.layer;

import io.headrace.ApiException;
import io.headrace.ErrorKind;

/** The error of a call that completes without an answer, against the contract of {@link io.headrace.Call}. */
final class NoAnswer {

    private NoAnswer() {}

    static ApiException error() {
        return ApiException.builder(ErrorKind.MALFORMED_RESPONSE, "the call completed without an answer")
                .build();
    }
}
