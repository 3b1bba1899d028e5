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

    @Test
    void news_makesTheNextStepAShortOne() {
        for (int i = 0; i < 20; i++) {
            again(NOW);
        }
        pace.restart();
        again(NOW);
        assertThat(pace.next()).isBeforeOrEqualTo(NOW.plus(ofSeconds(10)));
    }

    @Test
    void failures_beginWithAShortStep_andTellHowLongTheyHaveLasted() {
        for (int i = 0; i < 20; i++) {
            again(NOW);
        }
        assertThat(pace.silence(NOW)).isEqualTo(Duration.ZERO);
        assertThat(pace.failed(NOW, Duration.ZERO, STEPS)).isEqualTo(Duration.ZERO);
        assertThat(pace.next()).isBeforeOrEqualTo(NOW.plus(ofSeconds(10)));
        assertThat(pace.failed(NOW.plus(ofMinutes(3)), Duration.ZERO, STEPS)).isEqualTo(ofMinutes(3));
        assertThat(pace.silence(NOW.plus(ofMinutes(4)))).isEqualTo(ofMinutes(4));

        again(NOW.plus(ofMinutes(5)));
        assertThat(pace.silence(NOW.plus(ofMinutes(6)))).isEqualTo(Duration.ZERO);
        assertThat(pace.failed(NOW.plus(ofMinutes(7)), Duration.ZERO, STEPS)).isEqualTo(Duration.ZERO);
    }

    @Test
    void serversWait_isAFloor() {
        pace.failed(NOW, ofMinutes(1), STEPS);
        assertThat(pace.next()).isEqualTo(NOW.plus(ofMinutes(1)));
        for (int i = 0; i < 20; i++) {
            pace.failed(NOW, Duration.ZERO, STEPS);
        }
        pace.failed(NOW, ofSeconds(1), STEPS);
        assertThat(pace.next()).isAfter(NOW.plus(ofMinutes(3)));
    }

    @Test
    void clear_forgetsAll() {
        for (int i = 0; i < 20; i++) {
            pace.failed(NOW, Duration.ZERO, STEPS);
        }
        pace.clear();
        assertThat(pace.isDue(NOW)).isTrue();
        assertThat(pace.silence(NOW.plus(ofMinutes(1)))).isEqualTo(Duration.ZERO);
        again(NOW);
        assertThat(pace.next()).isBeforeOrEqualTo(NOW.plus(ofSeconds(10)));
    }
}
