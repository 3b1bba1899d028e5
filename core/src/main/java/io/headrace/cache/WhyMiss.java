package io.headrace.cache;

import io.headrace.cache.StoredEntry.Answer;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Why a request is not answered from a cache: in what it differs from the stored request that is most like it.
 *
 * @param samples the numbers of its own stored answers, in order; not empty if it is no miss, or one for the next sample only
 * @param nearest the latest of the stored answers to another request with the fewest differences; null if there is none
 * @param differences the fields in which that other request differs, by name
 */
public record WhyMiss(List<Integer> samples, @Nullable Answer nearest, List<Difference> differences) {

    /** How a field differs. */
    public enum Kind {
        /** It has another value. */
        CHANGED,
        /** It is in this request and not in the stored one. */
        ADDED,
        /** It is in the stored request and not in this one. */
        MISSING
    }

    /** A field that differs. */
    public record Difference(String field, Kind kind) {

        public Difference {
            Objects.requireNonNull(field, "field");
            Objects.requireNonNull(kind, "kind");
        }
    }

    public WhyMiss {
        samples = List.copyOf(samples);
        differences = List.copyOf(differences);
    }
}
