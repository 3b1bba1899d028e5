package io.headrace;

import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileLockInterruptionException;

/** What an error says, for messages that are made of it: never null, whatever somebody's error does when it is asked. */
public final class ErrorText {

    private ErrorText() {}

    /** The message of {@code error}; its type where it has none. */
    public static String message(Throwable error) {
        if (error instanceof ClosedByInterruptException || error instanceof FileLockInterruptionException) {
            return "the thread was interrupted";
        }
        try {
            String message = error.getMessage();
            return message == null ? of(error) : message;
        } catch (RuntimeException | StackOverflowError e) {
            return error.getClass().getName();
        }
    }

    /** {@code error} for a logger, which asks it too; where it throws then, what stands for it. */
    public static Throwable forLog(Throwable error) {
        try {
            var unused = error.toString();
            return error;
        } catch (RuntimeException | StackOverflowError e) {
            RuntimeException instead = new RuntimeException(error.getClass().getName());
            instead.setStackTrace(error.getStackTrace());
            return instead;
        }
    }

    /** The type of {@code error} and its message, if it has one. */
    public static String of(Throwable error) {
        try {
            return error.toString();
        } catch (RuntimeException | StackOverflowError e) {
            return error.getClass().getName();
        }
    }
}
