package io.headrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Cost;
import io.headrace.Usage;
import io.headrace.observe.StatisticsSnapshot.Times;
import io.headrace.run.Progress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ProgressTextTest {

    @Test
    void sizeKnown_showsShareRateAndTimeLeft() {
        Progress progress = progress(OptionalLong.of(1_319), 400, 12, Optional.of(Duration.ofSeconds(200)), 30, 9);
        assertThat(ProgressText.of(progress, OptionalLong.empty()))
                .isEqualTo("412 of 1,319 items, 12 failed, 2.0/s, ETA 3m 20s | calls: 842 sent, 30 cached, 9 retried");
    }

    @Test
    void sizeUnknown_usesTheEstimate() {
        Progress progress = progress(OptionalLong.empty(), 400, 0, Optional.empty(), 0, 0);
        assertThat(ProgressText.of(progress, OptionalLong.of(1_400)))
                .isEqualTo("400 of about 1,400 items, 2.0/s, ETA 8m 20s | calls: 842 sent");
    }

    @Test
    void estimateTooLowOrAbsent_isLeftOut() {
        Progress progress = progress(OptionalLong.empty(), 400, 0, Optional.empty(), 0, 0);
        String text = "400 items, 2.0/s | calls: 842 sent";
        assertThat(ProgressText.of(progress, OptionalLong.of(399))).isEqualTo(text);
        assertThat(ProgressText.of(progress, OptionalLong.empty())).isEqualTo(text);
    }

    private static Progress progress(
            OptionalLong in, long ok, long failed, Optional<Duration> remaining, long cached, long retried) {
        return new Progress(
                Duration.ofSeconds(206),
                in,
                ok + failed + 10,
                ok,
                failed,
                0,
                OptionalLong.empty(),
                10,
                0,
                2.0,
                remaining,
                "",
                842,
                cached,
                retried,
                Usage.ZERO,
                Cost.ZERO,
                Times.NONE,
                List.of(),
                Optional.empty(),
                List.of(),
                false,
                Optional.empty());
    }
}
