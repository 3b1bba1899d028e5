package io.headrace.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import io.headrace.admission.Breaker.State;
import io.headrace.admission.Level.Origin;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BreakerTest {

    private static final long SECOND = 1_000_000_000L;
    private static final Demand CALL = Demand.REQUEST;
    private static final BreakerSpec SPEC = BreakerSpec.standard().window(10, 4).openFor(Duration.ofSeconds(5));

    private final List<State> states = new ArrayList<>();
    private final Breaker breaker = Breaker.of(SPEC, states::add);

    private static Settlement answered(long elapsed) {
        return Settlement.answered(Usage.ZERO, Cost.ZERO, Duration.ofNanos(elapsed));
    }

    private static Settlement failed(ErrorKind kind, long elapsed) {
        return new Settlement(Delivery.UNKNOWN, Usage.UNKNOWN, Cost.UNKNOWN, kind, null, Duration.ofNanos(elapsed));
    }

    private void call(Settlement end, long now) {
        assertThat(breaker.waitNanos(CALL, now)).isZero();
        breaker.take(CALL, now);
        breaker.settle(CALL, end, now);
    }

    private void take(int times, long now) {
        for (int i = 0; i < times; i++) {
            assertThat(breaker.waitNanos(CALL, now)).isZero();
            breaker.take(CALL, now);
        }
    }

    private void openAt(long now) {
        for (int i = 0; i < 4; i++) {
            call(failed(ErrorKind.SERVER_ERROR, 0), now);
        }
        assertThat(breaker.state()).isEqualTo(State.OPEN);
    }

    @ParameterizedTest
    @EnumSource(names = {"SERVER_ERROR", "OVERLOADED", "TIMEOUT", "TRANSPORT"})
    void failuresOfTheEndpoint_openIt(ErrorKind kind) {
        for (int i = 0; i < 2; i++) {
            call(answered(0), 0);
            call(failed(kind, 0), 0);
        }
        assertThat(states).containsExactly(State.OPEN);
        assertThat(breaker.shut(SECOND)).isEqualTo(ErrorKind.CIRCUIT_OPEN);
        assertThat(breaker.waitNanos(CALL, SECOND)).isEqualTo(4 * SECOND + 1);
        assertThat(breaker.levels(SECOND)).containsExactly(new Level("circuit breaker", 0, 0, Origin.LEARNED));
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"SERVER_ERROR", "OVERLOADED", "TIMEOUT", "TRANSPORT"})
    void whatProvesNothing_doesNotCount(ErrorKind kind) {
        for (int i = 0; i < 100; i++) {
            call(failed(kind, 0), 0);
            call(Settlement.cancelled(Duration.ZERO), 0);
            call(Settlement.unused(), 0);
        }
        for (int i = 0; i < 3; i++) {
            call(failed(ErrorKind.SERVER_ERROR, 0), 0);
        }
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
        call(failed(ErrorKind.SERVER_ERROR, 0), 0);
        assertThat(breaker.state()).isEqualTo(State.OPEN);
    }

    @Test
    void slowAnswers_areAnswers() {
        for (int i = 0; i < 100; i++) {
            breaker.take(CALL, i * 3_600 * SECOND);
            breaker.settle(CALL, answered(3_600 * SECOND), (i + 1) * 3_600 * SECOND);
        }
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
        assertThat(breaker.levels(0)).isEmpty();
    }

    @Test
    void open_letsProbesThroughAndClosesWhenTheyAreAnswered() {
        openAt(0);
        long then = 5 * SECOND + 1;
        assertThat(breaker.waitNanos(CALL, then - 1)).isEqualTo(1);
        assertThat(breaker.shut(then)).isNull();
        take(3, then);
        assertThat(breaker.waitNanos(CALL, then)).isEqualTo(Resource.UNTIL_SETTLED);
        assertThat(breaker.shut(then)).isEqualTo(ErrorKind.CIRCUIT_OPEN);
        for (int i = 0; i < 3; i++) {
            breaker.settle(CALL, answered(SECOND), then + SECOND);
        }
        assertThat(states).containsExactly(State.OPEN, State.HALF_OPEN, State.CLOSED);
        assertThat(breaker.shut(then + SECOND)).isNull();
    }

    @Test
    void failedProbes_openItAgainForAsLong() {
        openAt(0);
        take(3, 6 * SECOND);
        breaker.settle(CALL, answered(SECOND), 7 * SECOND);
        breaker.settle(CALL, failed(ErrorKind.TIMEOUT, SECOND), 7 * SECOND);
        breaker.settle(CALL, failed(ErrorKind.TIMEOUT, SECOND), 7 * SECOND);
        assertThat(states).containsExactly(State.OPEN, State.HALF_OPEN, State.OPEN);
        assertThat(breaker.waitNanos(CALL, 7 * SECOND)).isEqualTo(5 * SECOND + 1);
    }

    @Test
    void probesThatProveNothing_giveTheirPlaceBack() {
        openAt(0);
        long now = 6 * SECOND;
        take(3, now);
        breaker.settle(CALL, Settlement.cancelled(Duration.ZERO), now);
        breaker.settle(CALL, Settlement.unused(), now);
        breaker.settle(CALL, failed(ErrorKind.RATE_LIMITED, 0), now);
        take(3, now);
        assertThat(breaker.waitNanos(CALL, now)).isEqualTo(Resource.UNTIL_SETTLED);
        for (int i = 0; i < 3; i++) {
            breaker.settle(CALL, answered(0), now);
        }
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
    }

    @Test
    void attemptsFromBeforeItOpened_doNotCount() {
        take(20, 0);
        openAt(SECOND);
        for (int i = 0; i < 5; i++) {
            breaker.settle(CALL, answered(SECOND), SECOND);
        }
        take(1, 7 * SECOND);
        for (int i = 0; i < 5; i++) {
            breaker.settle(CALL, failed(ErrorKind.TIMEOUT, 8 * SECOND), 8 * SECOND);
        }
        for (int i = 0; i < 5; i++) {
            breaker.settle(CALL, Settlement.cancelled(Duration.ofSeconds(8)), 8 * SECOND);
        }
        assertThat(breaker.state()).isEqualTo(State.HALF_OPEN);
        take(2, 8 * SECOND);
        assertThat(breaker.waitNanos(CALL, 8 * SECOND)).isEqualTo(Resource.UNTIL_SETTLED);
        for (int i = 0; i < 3; i++) {
            breaker.settle(CALL, answered(0), 8 * SECOND);
        }
        for (int i = 0; i < 5; i++) {
            breaker.settle(CALL, failed(ErrorKind.TIMEOUT, 8 * SECOND), 8 * SECOND);
        }
        assertThat(breaker.state()).isEqualTo(State.CLOSED);
    }

    @Test
    void closed_rampsUpTwiceAsManyEachRound() {
        take(50, 0);
        for (int i = 0; i < 4; i++) {
            breaker.settle(CALL, failed(ErrorKind.SERVER_ERROR, 0), 0);
        }
        for (int i = 0; i < 46; i++) {
            breaker.settle(CALL, failed(ErrorKind.SERVER_ERROR, SECOND), SECOND);
        }
        long now = 6 * SECOND;
        take(3, now);
        List<Integer> rounds = new ArrayList<>();
        int sent = 3;
        while (rounds.size() < 6) {
            rounds.add(sent);
            for (; sent > 0; sent--) {
                breaker.settle(CALL, answered(0), now);
            }
            for (; sent < 200 && breaker.waitNanos(CALL, now) == 0; sent++) {
                breaker.take(CALL, now);
            }
        }
        assertThat(rounds).containsExactly(3, 3, 6, 12, 24, 200);
        assertThat(breaker.levels(now)).isEmpty();
    }

    @Test
    void reopenedOnTheRamp_keepsWhereItWentTo() {
        take(50, 0);
        for (int i = 0; i < 50; i++) {
            breaker.settle(CALL, failed(ErrorKind.SERVER_ERROR, 0), 0);
        }
        take(3, 6 * SECOND);
        for (int i = 0; i < 3; i++) {
            breaker.settle(CALL, answered(0), 6 * SECOND);
        }
        openAt(7 * SECOND);
        take(3, 13 * SECOND);
        for (int i = 0; i < 3; i++) {
            breaker.settle(CALL, answered(0), 13 * SECOND);
        }
        assertThat(breaker.levels(13 * SECOND)).containsExactly(new Level("circuit breaker", 0, 3, Origin.LEARNED));
        for (int i = 0; i < 40; i++) {
            call(answered(0), 13 * SECOND);
        }
        assertThat(breaker.levels(13 * SECOND)).isNotEmpty();
    }

    @Test
    void standstill_isCountedFromTheFirstOpeningSinceAnAnswer() {
        Breaker patient = Breaker.of(SPEC.giveUpAfter(Duration.ofSeconds(60)), states::add);
        patient.take(CALL, 0);
        patient.settle(CALL, answered(0), 0);
        long now = SECOND;
        for (int i = 0; i < 10; i++) {
            patient.take(CALL, now);
            patient.settle(CALL, failed(ErrorKind.TRANSPORT, 0), now);
            now += patient.waitNanos(CALL, now);
        }
        while (now < 61 * SECOND) {
            assertThat(patient.standstill(now)).isNull();
            now += patient.waitNanos(CALL, now);
            patient.take(CALL, now);
            patient.settle(CALL, failed(ErrorKind.TRANSPORT, 0), now);
        }
        assertThat(patient.standstill(now)).contains("no call was answered for 6", "giveUpAfter is 60 s");
        patient.tryAgain(now);
        assertThat(patient.state()).isEqualTo(State.HALF_OPEN);
        assertThat(patient.waitNanos(CALL, now)).isZero();
        assertThat(patient.standstill(now + 59 * SECOND)).isNull();
        patient.take(CALL, now);
        patient.settle(CALL, answered(0), now);
        assertThat(patient.standstill(now + 59 * SECOND)).isNull();
        assertThat(patient.standstill(now + 61 * SECOND)).as("still half open").isNotNull();
    }

    @Test
    void firstAnswer_isWaitedForLessLong_alsoWhereItIsLate() {
        take(1, 0);
        openAt(0);
        assertThat(breaker.standstill(29 * SECOND)).isNull();
        assertThat(breaker.standstill(30 * SECOND)).contains("no call was ever answered", "firstAnswerWithin is 30 s");
        breaker.settle(CALL, answered(30 * SECOND), 30 * SECOND);
        assertThat(breaker.standstill(600 * SECOND)).isNull();
        assertThat(breaker.standstill(630 * SECOND)).contains("giveUpAfter is 600 s");
    }

    @Test
    void closedBreaker_hasNothingToTryAgain() {
        breaker.tryAgain(SECOND);
        assertThat(states).isEmpty();
        assertThat(breaker.standstill(Long.MAX_VALUE / 2)).isNull();
    }

    @Test
    void randomly_neverGetsStuck() {
        for (int seed = 0; seed < 50; seed++) {
            Random random = new Random(seed);
            Breaker any = Breaker.of(SPEC.window(1 + random.nextInt(20), 1).probes(1 + random.nextInt(5)), state -> {});
            Deque<Long> open = new ArrayDeque<>();
            ErrorKind[] kinds = ErrorKind.values();
            long now = 0;
            for (int i = 0; i < 5_000; i++) {
                now += random.nextLong(SECOND);
                if (random.nextInt(100) == 0) {
                    any.tryAgain(now);
                }
                long wait = any.waitNanos(CALL, now);
                if (wait == 0 && open.size() < 50) {
                    any.take(CALL, now);
                    open.add(now);
                } else if (!open.isEmpty()) {
                    long elapsed = now - open.remove();
                    any.settle(
                            CALL,
                            random.nextBoolean()
                                    ? answered(elapsed)
                                    : random.nextBoolean()
                                            ? failed(kinds[random.nextInt(kinds.length)], elapsed)
                                            : Settlement.cancelled(Duration.ofNanos(elapsed)),
                            now);
                } else {
                    assertThat(wait).isBetween(1L, 5 * SECOND + 1);
                    now += wait;
                }
            }
            while (!open.isEmpty()) {
                any.settle(CALL, Settlement.cancelled(Duration.ofNanos(now - open.remove())), now);
            }
            now += 10 * SECOND;
            for (int i = 0; i < 200; i++) {
                assertThat(any.waitNanos(CALL, now)).isZero();
                any.take(CALL, now);
                any.settle(CALL, answered(0), now);
            }
            assertThat(any.state()).isEqualTo(State.CLOSED);
            assertThat(any.levels(now)).isEmpty();
        }
    }

    @Test
    void anyShareAboveZero_opens() {
        Breaker any = Breaker.of(SPEC.failureShare(Double.MIN_VALUE), states::add);
        for (int i = 0; i < 10; i++) {
            any.take(CALL, i);
            any.settle(CALL, answered(0), i);
        }
        any.take(CALL, 10);
        any.settle(CALL, failed(ErrorKind.SERVER_ERROR, 0), 10);
        assertThat(any.state()).isEqualTo(State.OPEN);
    }

    @Test
    void longestOpenTime_isKept() {
        Breaker any = Breaker.of(SPEC.openFor(Duration.ofDays(10_000)).window(1, 1), states::add);
        any.take(CALL, SECOND);
        any.settle(CALL, failed(ErrorKind.SERVER_ERROR, 0), SECOND);
        assertThat(any.waitNanos(CALL, 1_000 * SECOND))
                .isGreaterThan(Duration.ofDays(9_999).toNanos());
    }

    @Test
    void settingsOutOfRange_areRefused() {
        BreakerSpec spec = BreakerSpec.standard();
        assertThatIllegalArgumentException().isThrownBy(() -> spec.window(Integer.MAX_VALUE, 20));
        assertThatIllegalArgumentException().isThrownBy(() -> spec.probes(Integer.MAX_VALUE));
        assertThatIllegalArgumentException().isThrownBy(() -> spec.openFor(Duration.ofDays(200_000)));
        assertThatIllegalArgumentException().isThrownBy(() -> spec.openFor(Duration.ofSeconds(Long.MAX_VALUE)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> spec.failureShare(0))
                .withMessageContaining("0.0");
        assertThatIllegalArgumentException().isThrownBy(() -> spec.failureShare(1.1));
        assertThatIllegalArgumentException().isThrownBy(() -> spec.window(0, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> spec.window(5, 6));
        assertThatIllegalArgumentException().isThrownBy(() -> spec.openFor(Duration.ofNanos(1)));
        assertThatIllegalArgumentException().isThrownBy(() -> spec.probes(0));
    }
}
