package io.headrace.testkit;

import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** Whether a request was let in, and if so its place, to be left once. Immutable; what it changes is in the quotas. */
final class Admission {

    private final @Nullable OverLimit refusal;
    private final LongConsumer correction;
    private final Runnable leaving;

    Admission(@Nullable OverLimit refusal, LongConsumer correction, Runnable leaving) {
        this.refusal = refusal;
        this.correction = correction;
        this.leaving = leaving;
    }

    /** Why it was not let in, null if it was. */
    @Nullable
    OverLimit refusal() {
        return refusal;
    }

    /** An answer begins that has so many tokens. What ends without an answer stays charged. */
    void answered(long outputTokens) {
        correction.accept(outputTokens);
    }

    /** To be called once. */
    void leave() {
        leaving.run();
    }
}
