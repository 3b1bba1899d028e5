package io.headrace.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.headrace.ApiException;
import io.headrace.ErrorKind;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class BatchResultTest {

    private static final ApiException ERROR =
            ApiException.builder(ErrorKind.TIMEOUT, "late").build();

    @Test
    void missingComponents_areNamed() {
        refused("customId", () -> new BatchResult.Answered<>(null, "a"));
        refused("answer", () -> new BatchResult.Answered<>("id", null));
        refused("customId", () -> new BatchResult.Errored<>(null, ERROR));
        refused("error", () -> new BatchResult.Errored<>("id", null));
        refused("customId", () -> new BatchResult.Expired<>(null));
        refused("customId", () -> new BatchResult.Cancelled<>(null));
        refused("problem", () -> new BatchResult.Unreadable<>("id", null));
        assertThat(new BatchResult.Unreadable<>(null, "cut").customId()).isNull();
    }

    private static void refused(String name, ThrowingCallable making) {
        assertThatNullPointerException().isThrownBy(making).withMessage(name);
    }
}
