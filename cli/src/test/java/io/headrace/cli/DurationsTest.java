package io.headrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class DurationsTest {

    @ParameterizedTest
    @CsvSource({"100ms,100", "2s,2000", "1m,60000", "1.5s,1500", "1h,3600000", "0,0", "0ms,0"})
    void convert_readsNumberAndUnit(String text, long millis) {
        assertThat(new Durations().convert(text)).isEqualTo(Duration.ofMillis(millis));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "5", "s", "-1s", "1 s", "1d", "1e3s", "1.s", "12345678901s"})
    void convert_refusesAnythingElseWithAnExample(String text) {
        assertThatThrownBy(() -> new Durations().convert(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessage("'" + text + "' is not a duration, write for example 100ms, 2s or 1m");
    }

    @ParameterizedTest
    @CsvSource({
        "0,0ms",
        "340,340ms",
        "999,999ms",
        "1000,1.0s",
        "2149,2.1s",
        "9999,9.9s",
        "10000,10s",
        "59999,59s",
        "60000,1m 0s",
        "200000,3m 20s",
        "19800000,5h 30m",
        "360000000,100h 0m"
    })
    void format_showsWhatMatters(long millis, String text) {
        assertThat(Durations.format(Duration.ofMillis(millis))).isEqualTo(text);
    }

    @Test
    void convert_keepsFractionsExact() {
        assertThat(new Durations().convert("0.1ms")).isEqualTo(Duration.ofNanos(100_000));
    }

    @Test
    void convert_refusesWhatNoTimerCounts() {
        assertThatThrownBy(() -> new Durations().convert("5124096h"))
                .isInstanceOf(TypeConversionException.class)
                .hasMessage("'5124096h' is too long, 292 years are the most");
    }
}
