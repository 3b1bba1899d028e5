package io.headrace.layer;

import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Requests that are answered by one call. Their order is by the ids of the items that ask, numbers in them by value, so that equal
 * batches are equal whoever came first.
 *
 * @param elements at least one; no id occurs twice
 * @param <Q> the single request
 */
public record BatchRequest<Q>(List<Element<Q>> elements) {

    /**
     * One request of a batch.
     *
     * @param id names it in this batch: the id of the item that asks, with a {@code #2} and so on for further requests of one item
     *     and for callers that are no items
     * @param <Q> the request
     */
    public record Element<Q>(String id, Q request) {

        public Element {
            Objects.requireNonNull(id, "id");
            Objects.requireNonNull(request, "request");
            if (id.isEmpty()) {
                throw new IllegalArgumentException("the id of an element must not be empty: no answer would find it");
            }
        }

        /** The id only: requests are prompts. */
        @Override
        public String toString() {
            return "Element[" + id + "]";
        }
    }

    /**
     * @throws IllegalArgumentException for no element, and for an id that occurs twice
     */
    public BatchRequest {
        elements = List.copyOf(elements);
        if (elements.isEmpty()) {
            throw new IllegalArgumentException("a batch has at least one element");
        }
        Set<String> ids = new HashSet<>();
        for (Element<Q> element : elements) {
            if (!ids.add(element.id())) {
                throw new IllegalArgumentException("the id " + element.id() + " occurs twice in a batch");
            }
        }
    }

    public int size() {
        return elements.size();
    }

    /** The single requests, in order. */
    public List<Q> requests() {
        return elements.stream().map(Element::request).toList();
    }

    /** The ids only: requests are prompts. */
    @Override
    public String toString() {
        return elements.stream().map(Element::id).collect(Collectors.joining(", ", "BatchRequest[", "]"));
    }
}
