package io.headrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.testkit.SimulatedProvider;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class LimitOptionsTest {

    @TempDir
    private Path temp;

    private static SimulatedProvider start(String... arguments) {
        LimitOptions options = new LimitOptions();
        new CommandLine(options)
                .registerConverter(Duration.class, new Durations())
                .parseArgs(arguments);
        SimulatedProvider.Builder builder = SimulatedProvider.builder().requireKey(false);
        options.describe(builder);
        return builder.start();
    }

    private static HttpResponse<String> ask(SimulatedProvider provider) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(provider.baseUrl() + "/v1/chat/completions"))
                .POST(HttpRequest.BodyPublishers.ofString(
                        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"abc\"}]}"))
                .build();
        return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void rates_areEnforced_withTheBurstThatIsAskedFor() throws Exception {
        try (SimulatedProvider provider =
                start("--requests-per-minute", "1", "--tokens-per-minute", "6000", "--burst", "2m")) {
            HttpResponse<String> first = ask(provider);
            assertThat(first.headers().firstValue("x-ratelimit-limit-requests")).hasValue("1");
            assertThat(first.headers().firstValue("x-ratelimit-remaining-requests"))
                    .hasValue("1");
            assertThat(first.headers().firstValue("x-ratelimit-limit-tokens")).hasValue("6000");
            ask(provider);
            assertThat(ask(provider).statusCode()).isEqualTo(429);
        }
    }

    @Test
    void script_comesAfterTheOptions_andLimitsMayBeHidden() throws Exception {
        Path script = Files.writeString(
                temp.resolve("script.json"), "[{\"timesQuotas\": 2}, {\"stormSeconds\": 0}, {\"workers\": 3}]");
        try (SimulatedProvider provider = start("--requests-per-minute", "1", "--script", script.toString())) {
            assertThat(ask(provider).headers().firstValue("x-ratelimit-limit-requests"))
                    .hasValue("2");
        }
        try (SimulatedProvider provider = start("--max-concurrent", "1", "--workers", "1", "--hide-limits")) {
            assertThat(ask(provider).headers().map().keySet()).noneMatch(name -> name.contains("ratelimit"));
        }
    }

    @Test
    void mistakes_areNamed() throws IOException {
        Path script = Files.writeString(temp.resolve("script.json"), "[{\"workers\": 0.5}]");
        assertThatThrownBy(() -> start("--script", script.toString()))
                .isInstanceOf(UsageProblem.class)
                .hasMessageContaining("script.json: change 1 of the script: workers must be a whole number");
        assertThatThrownBy(() -> start("--script", "none.json"))
                .isInstanceOf(UsageProblem.class)
                .hasMessage("there is no script none.json");
        assertThatThrownBy(() -> start("--requests-per-minute", "0"))
                .isInstanceOf(UsageProblem.class)
                .hasMessageContaining("--requests-per-minute must be 1 to 100000000000, not 0");
        assertThatThrownBy(() -> start("--workers", "-1"))
                .isInstanceOf(UsageProblem.class)
                .hasMessageContaining("--workers must be 0");
        assertThatThrownBy(() -> start("--burst", "1s"))
                .isInstanceOf(UsageProblem.class)
                .hasMessageContaining("--burst needs --requests-per-minute or --tokens-per-minute");
    }
}
