package io.headrace.batch;

import static java.time.Duration.ofDays;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PaceTest {

    private static final Instant NOW = Instant.parse("2026-11-22T00:00:00Z");

    private static final Pace.Steps STEPS = new Pace.Steps(ofSeconds(10), ofMinutes(5), new Random(1));

    private final Pace pace = new Pace();

    private void again(Instant now) {
        pace.again(now, STEPS);
    }

    @Test
    void steps_growUpToTheLongest() {
        Instant now = NOW;
        Duration before = Duration.ZERO;
        for (int i = 0; i < 20; i++) {
            again(now);
            Duration step = Duration.between(now, pace.next());
            assertThat(step).isLessThanOrEqualTo(ofMinutes(5)).isGreaterThan(before.dividedBy(2));
            assertThat(pace.isDue(now)).isFalse();
            now = pace.next();
            assertThat(pace.isDue(now)).isTrue();
            before = step;
        }
        assertThat(before).isGreaterThan(ofMinutes(3));
    }

    @Test
    void clockThatWasSetBack_makesItDueAtOnce() {
        again(NOW);
        Instant back = NOW.minus(ofDays(1));
        assertThat(pace.isDue(back)).isTrue();
        again(back);
        assertThat(pace.isDue(back)).isFalse();
        pace.failed(NOW, ofSeconds(0), STEPS);
        assertThat(pace.isDue(NOW.plusSeconds(1))).isFalse();
        assertThat(pace.isDue(back)).isTrue();
    }
}
