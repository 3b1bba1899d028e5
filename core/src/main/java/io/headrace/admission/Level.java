package io.headrace.admission;

import java.util.Objects;

/**
 * How full a resource is.
 *
 * @param resource its name, such as {@code tokens per minute}
 * @param used what is taken now, in the resource's unit; of a rate the part of its limit that is taken of what may be taken at once
 * @param limit the most that can be taken; {@link Double#POSITIVE_INFINITY} while none is known
 * @param origin where the limit comes from
 */
public record Level(String resource, double used, double limit, Origin origin) {

    /** Where a limit comes from. */
    public enum Origin {
        /** The user. */
        STATED,
        /** The server's headers. */
        SERVER,
        /** How the server behaved. */
        LEARNED
    }

    public Level {
        Objects.requireNonNull(resource, "resource");
        Objects.requireNonNull(origin, "origin");
    }
}
