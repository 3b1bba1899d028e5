package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.testkit.SimulatedQuota.Dimension;
import io.headrace.testkit.SimulatedQuota.OutputCharge;
import io.headrace.testkit.SimulatedQuota.Rate;
import io.headrace.testkit.SimulatorChange.KeyState;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SimulatorScriptTest {

    @Test
    void json_saysAllThatJavaCan(@TempDir Path temp) throws Exception {
        Path file = temp.resolve("script.json");
        Files.writeString(file, """
                [
                  {"quota": {"requests": {"perMinute": 600, "burst": 10}, "tokens": {"perMinute": 60000},
                             "inputTokens": {"perMinute": 3}, "outputTokens": {"perMinute": 4},
                             "maxConcurrent": 5, "outputCharge": "produced", "minRetryAfterSeconds": 1.5, "countsRefused": true}},
                  {"quota": {}, "key": "a"},
                  {"quota": {}, "model": "m"},
                  {"quota": {}, "key": "a", "model": "m"},
                  {"afterSeconds": 30, "timesQuotas": 0.25},
                  {"afterSeconds": 0.5, "stormSeconds": 60, "retryAfterSeconds": 90},
                  {"stormSeconds": 0},
                  {"key": "a", "state": "revoked"},
                  {"workers": 8}
                ]
                """);
        SimulatedQuota none = SimulatedQuota.unlimited();
        assertThat(SimulatorScript.read(file))
                .isEqualTo(SimulatorScript.of(
                                SimulatorChange.quota(none.limit(Dimension.REQUESTS, new Rate(600, 10))
                                        .tokensPerMinute(60_000)
                                        .limit(Dimension.INPUT_TOKENS, Rate.perMinute(3))
                                        .limit(Dimension.OUTPUT_TOKENS, Rate.perMinute(4))
                                        .maxConcurrent(5)
                                        .outputCharge(OutputCharge.PRODUCED)
                                        .minRetryAfter(Duration.ofMillis(1_500))
                                        .countsRefused(true)),
                                SimulatorChange.keyQuota("a", none),
                                SimulatorChange.modelQuota("m", none),
                                SimulatorChange.keyModelQuota("a", "m", none))
                        .after(Duration.ofSeconds(30), SimulatorChange.timesQuotas(0.25))
                        .after(
                                Duration.ofMillis(500),
                                SimulatorChange.storm(Duration.ofMinutes(1), Duration.ofSeconds(90)))
                        .after(Duration.ZERO, SimulatorChange.storm(Duration.ZERO, null))
                        .after(Duration.ZERO, SimulatorChange.key("a", KeyState.REVOKED))
                        .after(Duration.ZERO, SimulatorChange.workers(8)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', textBlock = """
            {}                                                 | a script is a JSON array
            [                                                  | the script is no JSON
            [7]                                                | change 1 of the script: not a JSON object but 7
            [{}]                                               | change 1 of the script: it has none of quota
            [{"workers":1},{"worker":2}]                       | change 2 of the script: it has none of quota, timesQuotas
            [{"workers":1,"key":"a"}]                          | unknown field 'key'
            [{"workers":1.5}]                                  | workers must be a whole number, is 1.5
            [{"workers":-1}]                                   | workers must be 0 to
            [{"workers":99999999999}]                          | workers must be 0 to
            [{"quota":{"requestsPerMinute":6}}]                | unknown field 'requestsPerMinute', known here are requests, tokens
            [{"quota":{"requests":{"burst":6}}}]               | perMinute must be a whole number
            [{"quota":{"requests":{"perMinute":0}}}]           | perMinute must be 1 to 100000000000, is 0
            [{"quota":{"outputCharge":"later"}}]               | unknown outputCharge 'later'
            [{"timesQuotas":0}]                                | factor must be above 0
            [{"timesQuotas":"2"}]                              | timesQuotas must be a number
            [{"stormSeconds":-1}]                              | stormSeconds must be 0 to
            [{"state":"revoked"}]                              | the key is empty
            [{"afterSeconds":"now","workers":1}]               | afterSeconds must be a number
            """)
    void mistakes_areNamed_withTheirPlace(String json, String problem) {
        assertThatThrownBy(() -> SimulatorScript.parse(json))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(problem);
    }

    @Test
    void missingFile_isNamed() {
        assertThatThrownBy(() -> SimulatorScript.read(Path.of("no-such-script.json")))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("no-such-script.json");
    }

    @Test
    void changes_doNotShowTheirKeys() {
        assertThat(SimulatorChange.key("sk-secret", KeyState.REVOKED).toString())
                .doesNotContain("secret");
        assertThat(SimulatorChange.keyQuota("sk-secret", SimulatedQuota.unlimited())
                        .toString())
                .doesNotContain("secret");
    }
}
