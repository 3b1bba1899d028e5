package io.headrace.layer;

import static java.time.Duration.ZERO;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class BackoffTest {

    private static final Backoff BACKOFF = Backoff.exponential(ofMillis(100), ofSeconds(2));

    /** Draws the same share of every range: 0 gives its lower end, 1 its upper end. */
    static RandomGenerator share(double share) {
        return new RandomGenerator() {
            @Override
            public long nextLong() {
                throw new AssertionError("ranges only");
            }

            @Override
            public long nextLong(long origin, long bound) {
                return origin + (long) ((bound - 1 - origin) * share);
            }
        };
    }

    private static Duration delay(Backoff backoff, int failures, Duration previous, double share) {
        return backoff.delay(failures, previous, share(share));
    }

    @Test
    void none_doublesUpToTheCap() {
        Backoff plain = BACKOFF.withJitter(Jitter.NONE);
        assertThat(delay(plain, 1, ZERO, 0)).isEqualTo(ofMillis(100));
        assertThat(delay(plain, 2, ZERO, 0)).isEqualTo(ofMillis(200));
        assertThat(delay(plain, 5, ZERO, 0)).isEqualTo(ofMillis(1600));
        assertThat(delay(plain, 6, ZERO, 0)).isEqualTo(ofSeconds(2));
        assertThat(delay(plain, Integer.MAX_VALUE, ZERO, 0)).isEqualTo(ofSeconds(2));
    }

    @Test
    void full_drawsFromZeroToTheExponentialWait() {
        assertThat(delay(BACKOFF, 3, ZERO, 0)).isEqualTo(ZERO);
        assertThat(delay(BACKOFF, 3, ZERO, 0.5)).isEqualTo(ofMillis(200));
        assertThat(delay(BACKOFF, 3, ZERO, 1)).isEqualTo(ofMillis(400));
        assertThat(delay(BACKOFF, 60, ZERO, 1)).isEqualTo(ofSeconds(2));
    }

    @Test
    void equal_keepsHalf() {
        Backoff equal = BACKOFF.withJitter(Jitter.EQUAL);
        assertThat(delay(equal, 3, ZERO, 0)).isEqualTo(ofMillis(200));
        assertThat(delay(equal, 3, ZERO, 0.5)).isEqualTo(ofMillis(300));
        assertThat(delay(equal, 3, ZERO, 1)).isEqualTo(ofMillis(400));
    }

    @Test
    void decorrelated_drawsFromBaseToThreeTimesThePreviousWait() {
        Backoff decorrelated = BACKOFF.withJitter(Jitter.DECORRELATED);
        assertThat(delay(decorrelated, 1, ZERO, 0)).isEqualTo(ofMillis(100));
        assertThat(delay(decorrelated, 1, ZERO, 1)).isEqualTo(ofMillis(300));
        assertThat(delay(decorrelated, 2, ofMillis(300), 0)).isEqualTo(ofMillis(100));
        assertThat(delay(decorrelated, 2, ofMillis(300), 0.5)).isEqualTo(ofMillis(500));
        assertThat(delay(decorrelated, 2, ofMillis(300), 1)).isEqualTo(ofMillis(900));
        assertThat(delay(decorrelated, 9, ofMillis(1900), 1)).isEqualTo(ofSeconds(2));
    }

    @Test
    void fractionalMultiplier_isExact() {
        Backoff slow = BACKOFF.withMultiplier(1.5).withJitter(Jitter.NONE);
        assertThat(delay(slow, 2, ZERO, 0)).isEqualTo(ofMillis(150));
        assertThat(delay(slow, 3, ZERO, 0)).isEqualTo(ofMillis(225));
    }

    @Test
    void fixed_neverChanges() {
        Backoff fixed = Backoff.fixed(ofMillis(70));
        assertThat(delay(fixed, 1, ZERO, 1)).isEqualTo(ofMillis(70));
        assertThat(delay(fixed, 40, ofMillis(70), 0)).isEqualTo(ofMillis(70));
    }

    @Test
    void zero_staysZero() {
        for (Jitter jitter : Jitter.values()) {
            Backoff none = Backoff.exponential(ZERO, ZERO).withJitter(jitter);
            assertThat(delay(none, 10_000, ZERO, 1)).isEqualTo(ZERO);
        }
    }

    @Test
    void anyJitter_staysWithinItsBounds() {
        SplittableRandom random = new SplittableRandom(7);
        for (Jitter jitter : Jitter.values()) {
            Backoff backoff = BACKOFF.withJitter(jitter);
            Duration previous = ZERO;
            for (int failures = 1; failures < 200; failures++) {
                previous = backoff.delay(failures, previous, random);
                assertThat(previous).isBetween(ZERO, ofSeconds(2));
            }
        }
    }

    @Test
    void longestCap_doesNotOverflow() {
        Backoff longest = Backoff.exponential(Backoff.LONGEST, Backoff.LONGEST).withJitter(Jitter.DECORRELATED);
        assertThat(delay(longest, 5, Backoff.LONGEST, 1)).isEqualTo(Backoff.LONGEST);
    }

    @Test
    void valueOutOfRange_isRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Backoff.fixed(ofMillis(-1)))
                .withMessageContaining("base");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Backoff.exponential(ofSeconds(2), ofSeconds(1)))
                .withMessageContaining("cap");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Backoff.fixed(Duration.ofDays(2)))
                .withMessageContaining("cap");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BACKOFF.withMultiplier(0.9))
                .withMessageContaining("multiplier");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BACKOFF.withMultiplier(Double.NaN))
                .withMessageContaining("multiplier");
    }
}
