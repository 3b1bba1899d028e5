package io.headrace.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.headrace.files.UserFolder;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What a command gets from its process, so that tests can give something else.
 *
 * @param out for what a pipe behind the command wants
 * @param err for people
 * @param environment variables by name, null for those that are not set
 */
record Surroundings(
        PrintWriter out, PrintWriter err, UnaryOperator<@Nullable String> environment, StopSignals signals) {

    /** The real ones; from now on the signals are ours. */
    static Surroundings ofProcess() {
        return new Surroundings(
                new PrintWriter(System.out, true, UTF_8),
                new PrintWriter(System.err, true, UTF_8),
                System::getenv,
                StopSignals.install());
    }

    /** A variable that says something. */
    @Nullable
    String variable(String name) {
        String value = environment.apply(name);
        return value == null || value.isBlank() ? null : value;
    }

    /** Where the user's answers are kept: a folder below the one that belongs to all of Headrace. */
    Path usersCache() {
        return UserFolder.cache(environment).resolve("answers");
    }
}
