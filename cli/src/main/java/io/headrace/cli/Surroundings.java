package io.headrace.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

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
        String base = variable("XDG_CACHE_HOME");
        return (base == null ? home().resolve(".cache") : Path.of(base))
                .resolve("headrace")
                .resolve("answers");
    }

    /** The shell's; Java's is that of the list of users, and {@code ?} where the user is not in it, as in many containers. */
    private Path home() {
        String home = variable("HOME");
        return Path.of(home == null ? System.getProperty("user.home") : home);
    }
}
