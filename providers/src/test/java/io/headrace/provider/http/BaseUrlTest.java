package io.headrace.provider.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BaseUrlTest {

    @ParameterizedTest
    @CsvSource({
        "https://user:topsecret@host/v1, user info",
        "https://user:topsecret@my_host/v1, user info",
        "https://user:topsecret@ho st/v1, not a URL",
        "'https://host/v1?key=topsecret and more', not a URL",
        "https://host/v1#topsecret, fragment",
        "ftp://host/topsecret, http or https",
        "host:8000/topsecret, http or https",
        "'', such as https://host/v1",
        "http://my_host:8000/v1, names the host my_host:8000",
        "http://hé.example/v1, names the host",
        "http://host:65536/v1, ports end at 65535",
    })
    void badUrl_isRefused_andShownNowhere(String url, String words) {
        Throwable error = catchThrowable(() -> BaseUrl.of(url));

        assertThat(error).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(words);
        StringWriter trace = new StringWriter();
        error.printStackTrace(new PrintWriter(trace));
        assertThat(trace.toString()).doesNotContain("topsecret");
    }

    @Test
    void queryValues_areSecrets_butForVersions() {
        BaseUrl url = BaseUrl.of("https://host/v1?api-version=2024-10-21&key=a%2Db+c&flag&");

        assertThat(url.queryValues()).contains("a%2Db+c", "a-b c", "flag").doesNotContain("2024-10-21");
        assertThat(url.resolve("/models?limit=1"))
                .hasToString("https://host/v1/models?limit=1&api-version=2024-10-21&key=a%2Db+c&flag&");
        assertThat(url.identity() + url).doesNotContain("key");
    }
}
