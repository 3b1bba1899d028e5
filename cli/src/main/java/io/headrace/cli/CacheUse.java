package io.headrace.cli;

import io.headrace.CachePolicy;
import io.headrace.CachePolicy.Mode;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How stored answers are used, as people write it. */
enum CacheUse {
    USE(Mode.USE),
    BYPASS(Mode.BYPASS),
    REFRESH(Mode.REFRESH),
    READ_ONLY(Mode.READ_ONLY);

    private final Mode mode;

    CacheUse(Mode mode) {
        this.mode = mode;
    }

    /**
     * The policy of a run.
     *
     * @param maxAge null for any
     */
    CachePolicy policy(@Nullable Duration maxAge) {
        boolean reads = mode == Mode.USE || mode == Mode.READ_ONLY;
        Checks.needs("--cache-max-age", maxAge != null, "--cache-policy use or read-only", reads);
        if (maxAge != null && maxAge.isZero()) {
            throw new UsageProblem("--cache-max-age must be above 0; --cache-policy refresh buys every answer again");
        }
        return CachePolicy.use().with(mode).withMaxAge(maxAge);
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
