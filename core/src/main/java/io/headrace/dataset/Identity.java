package io.headrace.dataset;

import io.headrace.Codec;
import io.headrace.ErrorKind;
import io.headrace.ErrorText;
import io.headrace.Item;
import io.headrace.Outcome;
import java.util.Objects;
import java.util.function.Function;
import reactor.core.publisher.Flux;

/** Gives rows ids and versions by their values. What the user's function throws is the row's failure. */
final class Identity {

    private Identity() {}

    static <T> Flux<Outcome<T>> ids(String dataset, Flux<Outcome<T>> rows, Function<? super T, String> id) {
        return change(dataset, rows, "the id", item -> {
            String own = id.apply(item.value());
            if (own == null || own.isBlank()) {
                throw new IllegalArgumentException("it is blank");
            }
            return new Item<>(own, item.ordinal(), item.version(), item.expansion(), item.value());
        });
    }

    static <T> Flux<Outcome<T>> versions(String dataset, Flux<Outcome<T>> rows, Codec<? super T> codec) {
        return change(dataset, rows, "the version", item -> {
            byte[] bytes =
                    Objects.requireNonNull(codec.encode(item.value()), "the codec returned null, it must return bytes");
            long digest = Digest.of(bytes, 0, bytes.length);
            return new Item<>(item.id(), item.ordinal(), digest, item.expansion(), item.value());
        });
    }

    private static <T> Flux<Outcome<T>> change(
            String dataset, Flux<Outcome<T>> rows, String what, Function<Item<T>, Item<T>> change) {
        return rows.map(row -> {
            if (!(row instanceof Outcome.Ok<T> ok)) {
                return row;
            }
            try {
                return new Outcome.Ok<>(change.apply(ok.item()), ok.tally());
            } catch (RuntimeException | AssertionError | StackOverflowError | LinkageError e) {
                return new Outcome.Failed<>(
                        ok.item(),
                        dataset,
                        ErrorKind.MALFORMED_ROW,
                        dataset + " row " + ok.item().ordinal() + ": " + what + " cannot be made: "
                                + ErrorText.message(e),
                        ok.tally());
            }
        });
    }
}
