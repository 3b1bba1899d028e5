package io.headrace.files;

import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Where the files of a user are that can be made again. */
public final class UserFolder {

    private UserFolder() {}

    /**
     * The folder that belongs to all of Headrace: {@code $XDG_CACHE_HOME/headrace}, else {@code ~/.cache/headrace}. The home is the shell's; Java's
     * is that of the list of users, and {@code ?} where the user is not in it, as in many containers.
     *
     * @param environment variables by name, null for those that are not set; blank ones count as that
     */
    public static Path cache(UnaryOperator<@Nullable String> environment) {
        String cache = environment.apply("XDG_CACHE_HOME");
        Path base = cache == null || cache.isBlank() ? home(environment).resolve(".cache") : Path.of(cache);
        return base.resolve("headrace");
    }

    private static Path home(UnaryOperator<@Nullable String> environment) {
        String home = environment.apply("HOME");
        return Path.of(home == null || home.isBlank() ? System.getProperty("user.home") : home);
    }
}
