package io.headrace;

import java.util.function.Supplier;
import java.util.stream.Stream;

/** Ways to be no answer, for whatever a user hands over: null, and errors of all kinds, among them one that throws when it is asked. */
public final class BrokenWays {

    private BrokenWays() {}

    public static Stream<Supplier<Object>> ways() {
        return Stream.of(
                () -> null,
                () -> {
                    throw new IllegalArgumentException("cannot");
                },
                () -> {
                    throw new MuteException();
                },
                () -> {
                    throw new AssertionError("never so");
                },
                () -> {
                    throw new StackOverflowError();
                },
                () -> {
                    throw new NoClassDefFoundError("org/example/Gone");
                });
    }

    /** Without the errors that are lost on a thread that a function goes over to by itself. */
    public static Stream<Supplier<Object>> ordinaryWays() {
        return ways().limit(4);
    }

    /** An error that cannot say what it is about, nor be compared. */
    private static final class MuteException extends RuntimeException {

        @Override
        public String getMessage() {
            throw new IllegalStateException("do not ask");
        }

        @Override
        public boolean equals(Object other) {
            throw new IllegalStateException("do not compare");
        }

        @Override
        public int hashCode() {
            throw new IllegalStateException("do not hash");
        }
    }
}
