package io.headrace.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CoolDownTest {

    private static final long MS = 1_000_000L;

    private final CoolDown coolDown = new CoolDown();

    @Test
    void refusal_closesForAllUntilItsHint() {
        send(0);
        refuse(0, 20, Duration.ofSeconds(7));
        assertThat(waitMs(20)).isEqualTo(7_000);
        assertThat(waitMs(7_019)).isEqualTo(1);
        assertThat(coolDown.shut(20 * MS)).isEqualTo(ErrorKind.RATE_LIMITED);
        assertThat(waitMs(7_020)).isZero();
        assertThat(coolDown.shut(7_020 * MS)).isNull();
    }

    @Test
    void burst_countsOnceAndProlongsOnly() {
        for (int i = 0; i < 100; i++) {
            send(i);
        }
        for (int i = 0; i < 100; i++) {
            refuse(i, 200 + i, i == 50 ? Duration.ofSeconds(9) : Duration.ofSeconds(1));
        }
        assertThat(coolDown.bursts()).isEqualTo(1);
        assertThat(waitMs(300)).isEqualTo(8_950);
    }

    @Test
    void burstWithoutHints_waitsFromItsFirstRefusal() {
        send(0);
        send(0);
        refuse(0, 20, null);
        refuse(0, 900, null);
        assertThat(waitMs(900)).isEqualTo(120);
    }

    @Test
    void burstsWithoutHints_waitLongerUpToFiveSeconds() {
        long now = 0;
        for (long wait : new long[] {1_000, 2_000, 4_000, 5_000, 5_000}) {
            send(now);
            refuse(now, now + 20, null);
            assertThat(waitMs(now + 20)).isEqualTo(wait);
            now += 20 + wait;
        }
        send(now);
        answer(now, now + 50);
        send(now + 50);
        refuse(now + 50, now + 70, null);
        assertThat(waitMs(now + 70)).isEqualTo(1_000);
    }

    @Test
    void reopening_letsOneGoFirst() {
        send(0);
        refuse(0, 20, Duration.ofSeconds(1));
        send(1_020);
        assertThat(waitMs(1_021)).isPositive();
        assertThat(coolDown.shut(1_021 * MS)).isEqualTo(ErrorKind.RATE_LIMITED);
        answer(1_020, 1_060);
        assertThat(waitMs(1_060)).isZero();
        send(1_060);
        assertThat(waitMs(1_060)).isZero();
    }

    @Test
    void refusedProbe_isANewBurst() {
        send(0);
        refuse(0, 20, null);
        send(1_020);
        refuse(1_020, 1_040, null);
        assertThat(coolDown.bursts()).isEqualTo(2);
        assertThat(waitMs(1_040)).isEqualTo(2_000);
    }

    @Test
    void silentProbe_opensWhenARefusalWouldHaveCome() {
        send(0);
        refuse(0, 20, Duration.ofSeconds(1));
        send(1_020);
        assertThat(waitMs(1_020)).isBetween(20L, 300L);
        assertThat(waitMs(1_320)).isZero();
        send(1_320);
        send(1_320);
        refuse(1_020, 1_400, null);
        assertThat(coolDown.bursts()).isEqualTo(2);
        refuse(1_320, 1_401, null);
        assertThat(coolDown.bursts()).isEqualTo(2);
    }

    @Test
    void slowRefusals_makeTheProbeWaitLonger() {
        send(0);
        refuse(0, 3_000, Duration.ofSeconds(1));
        send(4_000);
        assertThat(waitMs(4_000)).isEqualTo(9_000);
    }

    @Test
    void unsentProbe_isReplaced() {
        send(0);
        refuse(0, 20, Duration.ofSeconds(1));
        send(1_020);
        coolDown.settle(Demand.REQUEST, Settlement.unused(), 1_030 * MS);
        assertThat(waitMs(1_030)).isZero();
        send(1_030);
        assertThat(waitMs(1_031)).isPositive();
        coolDown.settle(Demand.REQUEST, Settlement.cancelled(Duration.ofMillis(10)), 1_040 * MS);
        assertThat(waitMs(1_040)).isZero();
        send(1_040);
        assertThat(waitMs(1_041)).isPositive();
    }

    @Test
    void answersOfEarlierAttempts_doNotOpen() {
        send(0);
        send(0);
        refuse(0, 20, Duration.ofSeconds(5));
        answer(0, 500);
        assertThat(waitMs(500)).isEqualTo(4_520);
    }

    @Test
    void lateHintOfABurst_closesAgainAndIsNoNewBurst() {
        send(0);
        send(0);
        refuse(0, 20, null);
        send(1_020);
        answer(1_020, 1_050);
        refuse(0, 1_100, Duration.ofSeconds(3));
        assertThat(coolDown.bursts()).isEqualTo(1);
        assertThat(waitMs(1_100)).isEqualTo(3_000);
        answer(1_050, 1_200);
        assertThat(waitMs(1_200)).isEqualTo(2_900);
    }

    @Test
    void otherErrors_closeNothing() {
        send(0);
        coolDown.settle(
                Demand.REQUEST, refusal(ErrorKind.OVERLOADED, Duration.ofSeconds(3), Duration.ofMillis(5)), 5 * MS);
        assertThat(waitMs(5)).isZero();
    }

    @Test
    void overload_closesIfToldToAndTheServerSaysUntilWhen() {
        CoolDown strict = new CoolDown(CoolDownSpec.standard().closesWhenOverloaded(true));
        strict.take(Demand.REQUEST, 0);
        strict.settle(Demand.REQUEST, refusal(ErrorKind.OVERLOADED, null, Duration.ofMillis(5)), 5 * MS);
        assertThat(strict.waitNanos(Demand.REQUEST, 5 * MS)).isZero();
        strict.settle(
                Demand.REQUEST, refusal(ErrorKind.OVERLOADED, Duration.ofSeconds(3), Duration.ofMillis(5)), 5 * MS);
        assertThat(strict.waitNanos(Demand.REQUEST, 5 * MS)).isEqualTo(3_000 * MS);
    }

    @Test
    void standstill_afterTenMinutesOfRefusals() {
        long now = 0;
        send(now);
        refuse(now, now, null);
        while (now < 600_000) {
            assertThat(coolDown.standstill(now * MS)).isNull();
            now += waitMs(now);
            send(now);
            refuse(now, now, null);
        }
        assertThat(coolDown.standstill(now * MS))
                .contains("refused every call for 60")
                .contains("refusedFor");
        now += waitMs(now);
        send(now);
        answer(now, now + 20);
        assertThat(coolDown.standstill((now + 20) * MS)).isNull();
    }

    @Test
    void standstill_atAHintAboveTheCapWhileItLasts() {
        send(0);
        refuse(0, 0, Duration.ofHours(1));
        assertThat(coolDown.standstill(1)).isEqualTo("the server asks to wait 3600 s; longestHint is 600 s");
        assertThat(coolDown.standstill(3_600_000 * MS)).isNull();
    }

    @Test
    void tryAgain_letsAProbeGoAtOnceAndForgetsTheStandstill() {
        send(0);
        refuse(0, 0, Duration.ofHours(1));
        coolDown.tryAgain(MS);
        assertThat(coolDown.standstill(MS)).isNull();
        assertThat(waitMs(1)).isZero();
        send(1);
        assertThat(waitMs(1)).as("behind the probe").isPositive();
        refuse(1, 2, Duration.ofMinutes(1));
        assertThat(waitMs(2)).isEqualTo(60_000);
        assertThat(coolDown.standstill(3 * MS)).isNull();
    }

    @Test
    void absurdHint_isAYear() {
        send(0);
        refuse(0, 0, Duration.ofSeconds(Long.MAX_VALUE));
        assertThat(waitMs(0)).isEqualTo(Duration.ofDays(365).toMillis());
    }

    @Test
    void absurdWaitOfOnesOwn_isRefused() {
        CoolDownSpec spec = CoolDownSpec.standard();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> spec.ownWaits(Duration.ofSeconds(1), Duration.ofDays(200_000)));
    }

    private void send(long atMs) {
        assertThat(coolDown.waitNanos(Demand.REQUEST, atMs * MS)).isZero();
        coolDown.take(Demand.REQUEST, atMs * MS);
    }

    private void answer(long sentMs, long atMs) {
        coolDown.settle(
                Demand.REQUEST,
                Settlement.answered(Usage.of(1, 1), Cost.ZERO, Duration.ofMillis(atMs - sentMs)),
                atMs * MS);
    }

    private void refuse(long sentMs, long atMs, @Nullable Duration hint) {
        coolDown.settle(
                Demand.REQUEST, refusal(ErrorKind.RATE_LIMITED, hint, Duration.ofMillis(atMs - sentMs)), atMs * MS);
    }

    private static Settlement refusal(ErrorKind kind, @Nullable Duration hint, Duration elapsed) {
        return new Settlement(Delivery.REFUSED, Usage.ZERO, Cost.ZERO, kind, hint, elapsed);
    }

    private long waitMs(long atMs) {
        return coolDown.waitNanos(Demand.REQUEST, atMs * MS) / MS;
    }
}
