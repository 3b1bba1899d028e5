package io.headrace;

import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How a call uses stored answers. Never part of a key. Each method gives a changed copy.
 *
 * @param mode what is read and stored
 * @param maxAge answers stored longer ago are not read; null for any age, or the age that the layer is built with
 * @param storedSince answers stored before are not read; null for any
 * @param refusals whether answers by which the model declined are read; false for a call that asks again because of one
 */
public record CachePolicy(
        Mode mode, @Nullable Duration maxAge, @Nullable Instant storedSince, boolean refusals) {

    private static final CachePolicy USE = new CachePolicy(Mode.USE, null, null, true);

    /** What is read and stored. */
    public enum Mode {
        /** Stored answers are read, bought ones are stored. */
        USE,
        /** Nothing is read, nothing is stored. */
        BYPASS,
        /** Nothing is read; what is bought replaces the sample of the same number. */
        REFRESH,
        /** Stored answers are read; one that is not there fails the call with {@link ErrorKind#NOT_CACHED}. */
        READ_ONLY
    }

    /**
     * @throws IllegalArgumentException for an age that is not positive
     */
    public CachePolicy {
        Objects.requireNonNull(mode, "mode");
        if (maxAge != null) {
            Require.positive(maxAge, "maxAge");
        }
    }

    /** Reads and stores: the default. */
    public static CachePolicy use() {
        return USE;
    }

    /** As if there were no cache. */
    public static CachePolicy bypass() {
        return USE.with(Mode.BYPASS);
    }

    /** Buys again, each time it is asked, in place of what is stored. */
    public static CachePolicy refresh() {
        return USE.with(Mode.REFRESH);
    }

    /** Buys nothing: replays what was bought, without a network. */
    public static CachePolicy readOnly() {
        return USE.with(Mode.READ_ONLY);
    }

    public CachePolicy with(Mode mode) {
        return new CachePolicy(mode, maxAge, storedSince, refusals);
    }

    public CachePolicy withMaxAge(@Nullable Duration maxAge) {
        return new CachePolicy(mode, maxAge, storedSince, refusals);
    }

    public CachePolicy withStoredSince(@Nullable Instant storedSince) {
        return new CachePolicy(mode, maxAge, storedSince, refusals);
    }

    public CachePolicy withRefusals(boolean refusals) {
        return new CachePolicy(mode, maxAge, storedSince, refusals);
    }

    /** By hand, for calls compare policies and what a record has is put together when it is asked first. */
    @Override
    public boolean equals(Object other) {
        return this == other
                || (other instanceof CachePolicy policy
                        && mode == policy.mode
                        && refusals == policy.refusals
                        && Objects.equals(maxAge, policy.maxAge)
                        && Objects.equals(storedSince, policy.storedSince));
    }

    @Override
    public int hashCode() {
        return Objects.hash(mode, maxAge, storedSince, refusals);
    }
}
