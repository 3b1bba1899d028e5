package io.headrace.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.headrace.Cost;
import io.headrace.Usage;
import io.headrace.admission.Level.Origin;
import io.headrace.admission.ServerLimits.Allowance;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlidingWindowTest {

    private static final long SECOND = 1_000_000_000L;
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private record Taken(long at, long units) {}

    private static Demand tokens(long units) {
        return new Demand(units, 0, Cost.ZERO);
    }

    @Test
    void full_waitsUntilTheSpanIsOver() {
        SlidingWindow window = SlidingWindow.of(Charge.REQUESTS, 2, MINUTE);
        window.take(Demand.REQUEST, 0);
        window.take(Demand.REQUEST, 10 * SECOND);
        assertThat(window.waitNanos(Demand.REQUEST, 20 * SECOND)).isEqualTo(41 * SECOND);
        assertThat(window.waitNanos(Demand.REQUEST, 61 * SECOND)).isZero();
        window.take(Demand.REQUEST, 61 * SECOND);
        assertThat(window.waitNanos(Demand.REQUEST, 61 * SECOND)).isEqualTo(10 * SECOND);
        assertThat(window.levels(200 * SECOND))
                .containsExactly(new Level("requests in any minute", 0, 2, Origin.STATED));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6})
    void randomly_noSpanEverHoldsMoreAndLittleIsLost(int seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 20; round++) {
            long limit = 10 + random.nextInt(500);
            Duration span = Duration.ofNanos(1 + random.nextInt(2_000_000_000));
            long jitter = Math.min(SECOND, span.toNanos() / 20);
            SlidingWindow window = SlidingWindow.of(Charge.TOKENS, limit, span);
            List<Taken> arrivals = new ArrayList<>();
            long now = 0;
            long all = 0;
            for (int i = 0; i < 1_000; i++) {
                Demand demand = tokens(1 + random.nextLong(1 + limit / 10));
                now += random.nextInt(3) == 0 ? random.nextLong(1 + span.toNanos() / 50) : 0;
                now += window.waitNanos(demand, now);
                assertThat(window.waitNanos(demand, now)).isZero();
                window.take(demand, now);
                all += demand.tokens();
                arrivals.add(new Taken(now + random.nextLong(jitter + 1), demand.tokens()));
            }
            arrivals.sort(Comparator.comparingLong(Taken::at));
            ArrayDeque<Taken> inSpan = new ArrayDeque<>();
            long sum = 0;
            for (Taken arrival : arrivals) {
                inSpan.add(arrival);
                sum += arrival.units();
                while (inSpan.element().at() <= arrival.at() - span.toNanos()) {
                    sum -= inSpan.remove().units();
                }
                assertThat(sum).isLessThanOrEqualTo(limit);
            }
            assertThat((double) all / limit).isGreaterThan(0.75 * now / span.toNanos());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6})
    void randomlySettled_noSpanEverHoldsMoreThanWasFound(int seed) {
        Random random = new Random(seed);
        long limit = 1_000;
        SlidingWindow window = SlidingWindow.of(Charge.TOKENS, limit, MINUTE);
        List<Taken> real = new ArrayList<>();
        ArrayDeque<Taken> open = new ArrayDeque<>();
        long now = 0;
        for (int i = 0; i < 20_000; i++) {
            now += random.nextLong(SECOND / 2);
            Demand demand = tokens(random.nextLong(100));
            if (open.size() < 20 && window.waitNanos(demand, now) == 0) {
                window.take(demand, now);
                open.add(new Taken(now, demand.tokens()));
            } else if (!open.isEmpty()) {
                Taken ended = open.remove();
                long used = random.nextLong(ended.units() + 1);
                window.settle(
                        tokens(ended.units()),
                        Settlement.answered(Usage.of(used, 0), Cost.ZERO, Duration.ofNanos(now - ended.at())),
                        now);
                real.add(new Taken(ended.at(), used));
            }
        }
        real.addAll(open);
        real.sort(Comparator.comparingLong(Taken::at));
        ArrayDeque<Taken> inSpan = new ArrayDeque<>();
        long sum = 0;
        for (Taken one : real) {
            inSpan.add(one);
            sum += one.units();
            while (inSpan.element().at() <= one.at() - MINUTE.toNanos()) {
                sum -= inSpan.remove().units();
            }
            assertThat(sum).isLessThanOrEqualTo(limit);
        }
    }

    @Test
    void givenBack_isAsBefore() {
        SlidingWindow window = SlidingWindow.of(Charge.TOKENS, 100, MINUTE);
        for (int i = 0; i < 10; i++) {
            window.take(tokens(10), i * SECOND);
        }
        for (int i = 0; i < 10; i++) {
            window.settle(tokens(10), Settlement.unused(), 10 * SECOND);
        }
        assertThat(window.levels(10 * SECOND).get(0).used()).isZero();
        assertThat(window.waitNanos(tokens(100), 10 * SECOND)).isZero();
    }

    @Test
    void endedAfterTheSpan_givesNothingBackTwice() {
        SlidingWindow window = SlidingWindow.of(Charge.TOKENS, 100, MINUTE);
        window.take(tokens(60), 0);
        window.take(tokens(60), 70 * SECOND);
        window.settle(tokens(60), Settlement.answered(Usage.of(1, 0), Cost.ZERO, Duration.ofSeconds(70)), 70 * SECOND);
        assertThat(window.levels(70 * SECOND).get(0).used()).isEqualTo(60);
    }

    @Test
    void underestimated_counts() {
        SlidingWindow window = SlidingWindow.of(Charge.TOKENS, 100, MINUTE);
        window.take(tokens(60), 0);
        window.settle(tokens(60), Settlement.answered(Usage.of(160, 0), Cost.ZERO, Duration.ZERO), 0);
        assertThat(window.levels(0).get(0).used()).isEqualTo(160);
        assertThat(window.waitNanos(tokens(1), 0)).isEqualTo(61 * SECOND);
        assertThat(window.waitNanos(tokens(0), 0)).isZero();
    }

    @Test
    void aboveTheLimit_isImpossible() {
        SlidingWindow window = SlidingWindow.of(Charge.TOKENS, 100, MINUTE);
        assertThat(window.impossible(tokens(100))).isNull();
        assertThat(window.impossible(tokens(101)))
                .contains("101")
                .contains("100")
                .contains("tokens in any minute");
        assertThat(window.waitNanos(tokens(101), 0)).isEqualTo(Resource.UNTIL_SETTLED);
        window.change(101);
        assertThat(window.impossible(tokens(101))).isNull();
    }

    @Test
    void serversLowerLimitForTheSameSpan_holds() {
        SlidingWindow window = SlidingWindow.of(Charge.REQUESTS, 100, MINUTE);
        window.observe(new ServerLimits(new Allowance(5, Duration.ofDays(1), 1, null), null, null, null), 0, 0);
        assertThat(window.levels(0).get(0).limit()).isEqualTo(100);
        window.observe(new ServerLimits(new Allowance(50, MINUTE, 1, null), null, null, null), 0, 0);
        assertThat(window.levels(0)).containsExactly(new Level("requests in any minute", 0, 50, Origin.SERVER));
        window.observe(new ServerLimits(new Allowance(500, MINUTE, 1, null), null, null, null), 0, 0);
        assertThat(window.levels(0)).containsExactly(new Level("requests in any minute", 0, 100, Origin.STATED));
    }

    @Test
    void noLimitOrSpan_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> SlidingWindow.of(Charge.TOKENS, 0, MINUTE));
        assertThatIllegalArgumentException().isThrownBy(() -> SlidingWindow.of(Charge.TOKENS, 1, Duration.ZERO));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SlidingWindow.of(Charge.TOKENS, 1, MINUTE).change(0));
    }
}
