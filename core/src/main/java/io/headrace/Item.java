package io.headrace;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A value on its way through a pipeline, with the identity it got from its dataset.
 *
 * @param id unique in the dataset and stable between runs; a child of an expand step is {@code parent/index}
 * @param ordinal position of the row in the dataset, from 0
 * @param version a digest of the row's content, by which a resumed run notices a changed row; 0 where there is none
 * @param expansion how an expand step made this item; null for a row of the dataset
 * @param value what the next step gets
 * @param <T> the type of the value
 */
public record Item<T>(
        String id, long ordinal, long version, @Nullable Expansion expansion, T value) {

    /**
     * Where a child stands among its siblings.
     *
     * @param parentId the id of the item that was expanded
     * @param parent how the parent itself was made; null for a row of the dataset
     * @param index position among the siblings, from 0
     * @param count number of siblings, itself included; 0 where a run reads its results back for a reduction, for they do not tell it
     */
    public record Expansion(String parentId, @Nullable Expansion parent, int index, int count) {}

    /**
     * @throws IllegalArgumentException for an empty id or a negative ordinal
     */
    public Item {
        Objects.requireNonNull(value, "value");
        if (id.isEmpty()) {
            throw new IllegalArgumentException("an item needs an id, row " + ordinal + " has an empty one");
        }
        if (ordinal < 0) {
            throw new IllegalArgumentException("negative ordinal " + ordinal + " of item " + id);
        }
    }

    /** A row without a version. */
    public static <T> Item<T> of(String id, long ordinal, T value) {
        return new Item<>(id, ordinal, 0, null, value);
    }

    /** The same item with another value. */
    public <U> Item<U> withValue(U value) {
        return new Item<>(id, ordinal, version, expansion, value);
    }

    /** The child number {@code index} of {@code count}. */
    public <U> Item<U> child(int index, int count, U value) {
        return new Item<>(id + "/" + index, ordinal, version, new Expansion(id, expansion, index, count), value);
    }

    /** The id of the dataset's row that this item is or descends from. */
    public String rowId() {
        Expansion at = expansion;
        if (at == null) {
            return id;
        }
        while (at.parent() != null) {
            at = at.parent();
        }
        return at.parentId();
    }

    /** Identity only: values may hold prompts. */
    @Override
    public String toString() {
        return "Item[" + id + " #" + ordinal + "]";
    }
}
