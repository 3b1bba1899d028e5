package io.headrace.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class UserFolderTest {

    private final Map<String, String> environment = new HashMap<>();

    @Test
    void cache_isWhereTheEnvironmentSays_andElseInTheHome() {
        assertThat(cache()).isEqualTo(Path.of(System.getProperty("user.home"), ".cache", "headrace"));
        environment.put("HOME", "/home/me");
        assertThat(cache()).isEqualTo(Path.of("/home/me/.cache/headrace"));
        environment.put("XDG_CACHE_HOME", "/scratch");
        assertThat(cache()).isEqualTo(Path.of("/scratch/headrace"));
    }

    @Test
    void blankVariables_sayNothing() {
        environment.put("HOME", "");
        environment.put("XDG_CACHE_HOME", " ");
        assertThat(cache()).isEqualTo(Path.of(System.getProperty("user.home"), ".cache", "headrace"));
    }

    private Path cache() {
        return UserFolder.cache(environment::get);
    }
}
