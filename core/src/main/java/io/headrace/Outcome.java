package io.headrace;

import java.util.Objects;
import java.util.function.Function;

/**
 * What has become of an item: streams between steps carry outcomes, so that a failure is data and never an error signal.
 *
 * @param <T> the type of the value where there is one
 */
public sealed interface Outcome<T> {

    /** The item; its value is the outcome's own for {@link Ok}, else the last one it had. */
    Item<?> item();

    /** What the item took so far, over all steps. */
    Tally tally();

    /** An item that can go on. */
    static <T> Outcome<T> ok(Item<T> item) {
        return new Ok<>(item, Tally.ZERO);
    }

    /**
     * Outcomes as JSON on one line, for an engine that takes them to another process. The value is written by {@code values}, which must
     * write JSON. Of an item that failed or was skipped the value is left out: it may be of any type, and read back it is the item's id.
     */
    static <T> Codec<Outcome<T>> codec(Codec<T> values) {
        return new OutcomeCodec<>(values);
    }

    /** The item goes on to the next step. */
    record Ok<T>(Item<T> item, Tally tally) implements Outcome<T> {

        public Ok {
            Objects.requireNonNull(item, "item");
            Objects.requireNonNull(tally, "tally");
        }

        public T value() {
            return item.value();
        }
    }

    /**
     * The item failed and goes to the dead letters; later steps let it pass.
     *
     * @param step the name of the step, or of the dataset for a row that could not be read
     * @param kind why
     * @param message what was wrong, where, and what to do about it
     */
    record Failed<T>(Item<?> item, String step, ErrorKind kind, String message, Tally tally) implements Outcome<T> {

        public Failed {
            Objects.requireNonNull(item, "item");
            Objects.requireNonNull(step, "step");
            Objects.requireNonNull(kind, "kind");
            Objects.requireNonNull(message, "message");
            Objects.requireNonNull(tally, "tally");
        }
    }

    /** A filter said no, or an expand step found nothing in the item; later steps let it pass. */
    record Skipped<T>(Item<?> item, String step, Tally tally) implements Outcome<T> {

        public Skipped {
            Objects.requireNonNull(item, "item");
            Objects.requireNonNull(step, "step");
            Objects.requireNonNull(tally, "tally");
        }
    }

    /** The same outcome with {@code f} applied to the value of an {@link Ok}. */
    default <U> Outcome<U> map(Function<? super T, ? extends U> f) {
        return this instanceof Ok<T> ok
                ? new Ok<>(ok.item.withValue(f.apply(ok.item.value())), ok.tally)
                : withoutValue();
    }

    /**
     * This outcome as one of another type, for those that carry no value of type {@code T}.
     *
     * @throws IllegalStateException for an {@link Ok}
     */
    @SuppressWarnings("unchecked")
    default <U> Outcome<U> withoutValue() {
        if (this instanceof Ok) {
            throw new IllegalStateException("an ok outcome has a value: " + item());
        }
        return (Outcome<U>) this;
    }
}
