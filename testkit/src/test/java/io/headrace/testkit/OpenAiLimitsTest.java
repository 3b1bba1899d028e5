package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OpenAiLimitsTest {

    @ParameterizedTest
    @CsvSource({
        "0, 0s",
        "1, 1ms",
        "16000001, 17ms",
        "999000000, 999ms",
        "999000001, 1s",
        "1000000000, 1s",
        "8640000000, 8.64s",
        "1378000000, 1.378s",
        "60000000000, 1m0s",
        "360000000000, 6m0s",
        "3723000000000, 1h2m3s",
        "62500000000, 1m2.5s"
    })
    void durations_areWrittenAsOpenAiDoes(long nanos, String text) {
        assertThat(OpenAiLimits.duration(Duration.ofNanos(nanos))).isEqualTo(text);
    }
}
