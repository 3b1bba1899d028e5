package io.headrace.dataset;

import io.headrace.Item;
import io.headrace.Outcome;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import reactor.core.publisher.Flux;

/** Values that come from memory or from anywhere else, one row each. */
record PublishedDataset<T>(String name, String signature, OptionalLong size, Flux<? extends T> values)
        implements Dataset<T> {

    @Override
    public Flux<Outcome<T>> items() {
        return values.index((position, value) -> Outcome.ok(item(position, value)));
    }

    @Override
    public void check() {}

    @Override
    public String toString() {
        return "Dataset[" + signature + "]";
    }

    /** Text has its content in id and version; of other values nobody knows what belongs to the content. */
    private static <T> Item<T> item(long position, T value) {
        if (value instanceof String text) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            long digest = Digest.of(bytes, 0, bytes.length);
            return new Item<>(Digest.id(position, digest), position, digest, null, value);
        }
        return Item.of(Long.toString(position), position, value);
    }
}
