package io.headrace.layer;

import io.headrace.ApiException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * What a batch brought: for each id an answer or why there is none. An id that is missing fails its own callers only.
 *
 * @param results by the id of the element, in any order
 * @param <R> the single answer
 */
public record BatchResponse<R>(Map<String, Result<R>> results) {

    /**
     * What became of one element.
     *
     * @param <R> the answer
     */
    public sealed interface Result<R> {}

    /** An element's answer. */
    public record Answer<R>(R answer) implements Result<R> {

        public Answer {
            Objects.requireNonNull(answer, "answer");
        }
    }

    /** Why an element has no answer. */
    public record Failure<R>(ApiException error) implements Result<R> {

        public Failure {
            Objects.requireNonNull(error, "error");
        }
    }

    public BatchResponse {
        results = Collections.unmodifiableMap(new LinkedHashMap<>(results));
    }

    public static <R> Builder<R> builder() {
        return new Builder<>();
    }

    /** The ids only: answers may be private. */
    @Override
    public String toString() {
        return "BatchResponse" + results.keySet();
    }

    /** Collects the results of a batch. Not thread-safe. */
    public static final class Builder<R> {

        private final Map<String, Result<R>> results = new LinkedHashMap<>();

        private Builder() {}

        /**
         * @throws IllegalArgumentException for an id that has a result
         */
        public Builder<R> answer(String id, R answer) {
            return result(id, new Answer<>(answer));
        }

        /**
         * @throws IllegalArgumentException for an id that has a result
         */
        public Builder<R> failure(String id, ApiException error) {
            return result(id, new Failure<>(error));
        }

        private Builder<R> result(String id, Result<R> result) {
            if (results.putIfAbsent(Objects.requireNonNull(id, "id"), result) != null) {
                throw new IllegalArgumentException("the id " + id + " has a result already");
            }
            return this;
        }

        public BatchResponse<R> build() {
            return new BatchResponse<>(results);
        }
    }
}
