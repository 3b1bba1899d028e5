package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.headrace.testkit.SimulatedQuota.Dimension;
import io.headrace.testkit.SimulatedQuota.OutputCharge;
import io.headrace.testkit.SimulatedQuota.Rate;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuotasTest {

    private static final SimulatedQuota UNLIMITED = SimulatedQuota.unlimited();

    private final HandClock clock = new HandClock(Instant.parse("2026-11-22T00:00:00Z"));
    private final Quotas quotas = new Quotas(clock, new Workers());

    private Admission admit(String key, long input, long output) {
        return quotas.admit(key, "m", new Demand(input, output), OutputCharge.RESERVED);
    }

    private boolean isIn(String key, long input, long output) {
        return admit(key, input, output).refusal() == null;
    }

    private OverLimit refusal(String key, long input, long output) {
        return Objects.requireNonNull(admit(key, input, output).refusal());
    }

    private void change(SimulatorChange... changes) {
        quotas.play(SimulatorScript.of(changes));
    }

    private static SimulatorChange requests(long perMinute, long burst) {
        return SimulatorChange.quota(UNLIMITED.limit(Dimension.REQUESTS, new Rate(perMinute, burst)));
    }

    @Test
    void burst_isThereAtOnce_thenTheRateOnly() {
        change(requests(60, 3));
        assertThat(List.of(isIn("a", 1, 0), isIn("a", 1, 0), isIn("a", 1, 0), isIn("a", 1, 0)))
                .containsExactly(true, true, true, false);
        clock.advance(Duration.ofNanos(999_999_000));
        assertThat(isIn("a", 1, 0)).isFalse();
        clock.advance(Duration.ofNanos(1_000));
        assertThat(isIn("a", 1, 0)).isTrue();
        assertThat(isIn("a", 1, 0)).isFalse();
        clock.advance(Duration.ofHours(1));
        assertThat(quotas.state("a", "m").get(Dimension.REQUESTS).remaining()).isEqualTo(3);
    }

    @Test
    void refusal_namesTheLimitThatWaitsLongest_andTakesNothing() {
        change(SimulatorChange.quota(UNLIMITED.requestsPerMinute(60).tokensPerMinute(6_000)));
        assertThat(isIn("a", 5_000, 900)).isTrue();
        OverLimit over = refusal("a", 300, 300);
        assertThat(over.dimension()).isEqualTo(Dimension.TOKENS);
        assertThat(over.limit()).isEqualTo(6_000);
        assertThat(over.used()).isEqualTo(5_900);
        assertThat(over.requested()).isEqualTo(600);
        assertThat(over.retryAfter()).isEqualTo(Duration.ofSeconds(5));
        assertThat(isIn("a", 100, 0)).isTrue();
        assertThat(quotas.state("a", "m").get(Dimension.REQUESTS).remaining()).isEqualTo(58);
        clock.advance(Duration.ofSeconds(6));
        assertThat(isIn("a", 300, 300)).isTrue();
    }

    @Test
    void ofSeveralLimitsWithoutRoom_theLongestWaitIsNamed() {
        change(SimulatorChange.quota(UNLIMITED.requestsPerMinute(60).tokensPerMinute(6_000)));
        for (int i = 0; i < 60; i++) {
            assertThat(isIn("a", 0, 100)).isTrue();
            assertThat(isIn("b", 0, 95)).isTrue();
        }
        OverLimit tokens = refusal("a", 0, 500);
        assertThat(tokens.dimension()).isEqualTo(Dimension.TOKENS);
        assertThat(tokens.retryAfter()).isEqualTo(Duration.ofSeconds(5));
        OverLimit requests = refusal("b", 0, 301);
        assertThat(requests.dimension()).isEqualTo(Dimension.REQUESTS);
        assertThat(requests.retryAfter()).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void delay_isTheLeastAfterWhichTheRequestFits() {
        change(requests(7, 1));
        assertThat(isIn("a", 1, 0)).isTrue();
        Duration delay = Objects.requireNonNull(refusal("a", 1, 0).retryAfter());
        assertThat(delay).isEqualTo(Duration.ofNanos(8_571_429_000L));
        clock.advance(delay.minusNanos(1_000));
        assertThat(isIn("a", 1, 0)).isFalse();
        clock.advance(Duration.ofNanos(1_000));
        assertThat(isIn("a", 1, 0)).isTrue();
    }

    @Test
    void requestAboveTheBurst_isTooLarge_forEver() {
        change(SimulatorChange.quota(UNLIMITED.limit(Dimension.TOKENS, new Rate(60_000, 1_000))));
        OverLimit over = refusal("a", 900, 101);
        assertThat(over.isTooLarge()).isTrue();
        assertThat(over.retryAfter()).isNull();
        assertThat(isIn("a", 900, 100)).isTrue();
    }

    @Test
    void keys_areCountedApart_andMayHaveTheirOwnQuota() {
        change(requests(60, 1), SimulatorChange.keyQuota("b", UNLIMITED.requestsPerMinute(2)));
        assertThat(List.of(isIn("a", 1, 0), isIn("a", 1, 0))).containsExactly(true, false);
        assertThat(List.of(isIn("c", 1, 0), isIn("c", 1, 0))).containsExactly(true, false);
        assertThat(List.of(isIn("b", 1, 0), isIn("b", 1, 0), isIn("b", 1, 0))).containsExactly(true, true, false);
    }

    @Test
    void models_areCountedApart_whereTheyHaveAQuota() {
        change(
                requests(60, 1),
                SimulatorChange.modelQuota("m", UNLIMITED.requestsPerMinute(2)),
                SimulatorChange.keyModelQuota("b", "m", UNLIMITED.requestsPerMinute(3)),
                SimulatorChange.keyQuota("c", UNLIMITED.requestsPerMinute(4)));
        Demand one = new Demand(1, 0);
        assertThat(quotas.admit("a", "x", one, OutputCharge.RESERVED).refusal()).isNull();
        assertThat(quotas.admit("a", "y", one, OutputCharge.RESERVED).refusal()).isNotNull();
        assertThat(List.of(isIn("a", 1, 0), isIn("a", 1, 0), isIn("a", 1, 0))).containsExactly(true, true, false);
        assertThat(List.of(isIn("b", 1, 0), isIn("b", 1, 0), isIn("b", 1, 0), isIn("b", 1, 0)))
                .containsExactly(true, true, true, false);
        assertThat(List.of(isIn("c", 1, 0), isIn("c", 1, 0), isIn("c", 1, 0))).containsExactly(true, true, false);
    }

    @Test
    void concurrency_isFreeAgain_whenARequestLeaves() {
        change(SimulatorChange.quota(UNLIMITED.maxConcurrent(2).requestsPerMinute(10)));
        Admission first = admit("a", 1, 0);
        admit("a", 1, 0);
        OverLimit over = refusal("a", 1, 0);
        assertThat(over.dimension()).isNull();
        assertThat(over.retryAfter()).isNull();
        first.leave();
        assertThat(isIn("a", 1, 0)).isTrue();
        assertThat(quotas.state("a", "m").get(Dimension.REQUESTS).remaining()).isEqualTo(7);
    }

    @Test
    void output_isCharged_asTheQuotaSays() {
        change(
                SimulatorChange.keyQuota("reserved", output(OutputCharge.RESERVED)),
                SimulatorChange.keyQuota("corrected", output(OutputCharge.CORRECTED)),
                SimulatorChange.keyQuota("produced", output(OutputCharge.PRODUCED)));
        for (String key : List.of("reserved", "corrected", "produced")) {
            Admission admission = admit(key, 10, 80);
            assertThat(left(key)).isEqualTo(key.equals("produced") ? 100 : 20);
            assertThat(isIn(key, 10, 80)).isEqualTo(key.equals("produced"));
            admission.answered(30);
        }
        assertThat(left("reserved")).isEqualTo(20);
        assertThat(left("corrected")).isEqualTo(70);
        assertThat(left("produced")).isEqualTo(70);
        assertThat(quotas.statistics("corrected").outputTokens()).isEqualTo(30);
    }

    @Test
    void producedOutput_leavesADebt_thatIsWorkedOffFirst() {
        change(SimulatorChange.quota(output(OutputCharge.PRODUCED)));
        admit("a", 1, 50).answered(160);
        assertThat(left("a")).isZero();
        assertThat(refusal("a", 1, 50).retryAfter()).isEqualTo(Duration.ofNanos(36_600_000_000L)); // 61 of 100 a minute
        clock.advance(Duration.ofNanos(36_600_000_000L));
        assertThat(isIn("a", 1, 50)).isTrue();
    }

    private static SimulatedQuota output(OutputCharge charge) {
        return UNLIMITED.limit(Dimension.OUTPUT_TOKENS, Rate.perMinute(100)).outputCharge(charge);
    }

    private long left(String key) {
        return quotas.state(key, "m").get(Dimension.OUTPUT_TOKENS).remaining();
    }

    @Test
    void countedRefusals_keepAHammeredLimitEmpty() {
        change(SimulatorChange.quota(UNLIMITED.requestsPerMinute(60).countsRefused(true)));
        for (int i = 0; i < 60; i++) {
            assertThat(isIn("a", 1, 0)).isTrue();
        }
        clock.advance(Duration.ofMillis(2_500));
        assertThat(isIn("a", 1, 0)).isTrue();
        assertThat(isIn("a", 1, 0)).isTrue();
        clock.advance(Duration.ofMillis(600)); // 1.1 are there
        change(SimulatorChange.quota(
                UNLIMITED.requestsPerMinute(60).tokensPerMinute(10).countsRefused(true)));
        assertThat(refusal("a", 11, 0).isTooLarge()).isTrue();
        for (int i = 0; i < 2; i++) { // and the refusal that found none left took none
            assertThat(refusal("a", 1, 0).retryAfter()).isEqualTo(Duration.ofMillis(900));
        }
    }

    @Test
    void leastDelay_isNamed_whereTheRealOneIsShorter() {
        change(SimulatorChange.quota(UNLIMITED.requestsPerMinute(60).minRetryAfter(Duration.ofSeconds(30))));
        for (int i = 0; i < 60; i++) {
            assertThat(isIn("a", 1, 0)).isTrue();
        }
        assertThat(refusal("a", 1, 0).retryAfter()).isEqualTo(Duration.ofSeconds(30));
    }

    @Test
    void scheduledChanges_happenAtTheirTime_whoeverLooksWhen() {
        quotas.play(SimulatorScript.of(requests(60, 60))
                .after(Duration.ofSeconds(40), SimulatorChange.timesQuotas(0.25))
                .after(Duration.ofSeconds(30), SimulatorChange.timesQuotas(2)));
        for (int i = 0; i < 60; i++) {
            assertThat(isIn("a", 1, 0)).isTrue();
        }
        clock.advance(Duration.ofSeconds(60));
        // 30 s at 60, 10 s at 120, which makes 50 but the last burst of 30 holds fewer
        assertThat(quotas.statistics("a").offered().get(Dimension.REQUESTS)).isCloseTo(120, within(1e-6));
        assertThat(quotas.state("a", "m").get(Dimension.REQUESTS).limit()).isEqualTo(30);
        assertThat(quotas.state("a", "m").get(Dimension.REQUESTS).remaining()).isEqualTo(30);
    }

    @Test
    void storm_refusesEverything_forItsTime_withItsOwnDelay() {
        quotas.play(SimulatorScript.of(requests(600, 600))
                .after(Duration.ofSeconds(10), SimulatorChange.storm(Duration.ofSeconds(60), Duration.ofSeconds(90))));
        assertThat(isIn("a", 1, 0)).isTrue();
        clock.advance(Duration.ofSeconds(10));
        OverLimit over = refusal("a", 1, 0);
        assertThat(over.label()).isEqualTo("storm");
        assertThat(quotas.state("a", "m").get(Dimension.REQUESTS).remaining())
                .as("a storm takes nothing")
                .isEqualTo(600);
        assertThat(over.retryAfter()).isEqualTo(Duration.ofSeconds(90));
        clock.advance(Duration.ofMillis(59_999));
        assertThat(isIn("a", 1, 0)).isFalse();
        clock.advance(Duration.ofMillis(1));
        assertThat(isIn("a", 1, 0)).isTrue();
        change(SimulatorChange.storm(Duration.ofHours(1), null));
        assertThat(refusal("a", 1, 0).retryAfter()).isNull();
        change(SimulatorChange.storm(Duration.ZERO, null));
        assertThat(isIn("a", 1, 0)).isTrue();
    }

    @Test
    void statistics_tellGrantedAndRefused_bySecond_modelAndKey() {
        change(SimulatorChange.quota(UNLIMITED.limit(Dimension.TOKENS, new Rate(6_000, 200))));
        admit("a", 50, 50);
        clock.advance(Duration.ofMillis(1_500));
        admit("a", 100, 100);
        Admission corrected =
                quotas.admit("a", "other", new Demand(60, 40), OutputCharge.CORRECTED); // does not fit any more
        assertThat(corrected.refusal()).isNotNull();
        admit("b", 1, 2);
        QuotaStatistics a = quotas.statistics("a");
        assertThat(a.granted()).isEqualTo(2);
        assertThat(a.refused()).isEqualTo(1);
        assertThat(a.tokens()).isEqualTo(300);
        assertThat(a.refusedTokens()).isEqualTo(100);
        assertThat(a.refusedShare()).isEqualTo(1.0 / 3);
        assertThat(a.seconds())
                .containsExactly(
                        new QuotaStatistics.Second(0, 1, 0, 100, 0), new QuotaStatistics.Second(1, 1, 1, 200, 100));
        assertThat(a.tokensByModel()).containsExactlyInAnyOrderEntriesOf(Map.of("m", 300L));
        assertThat(a.offered().get(Dimension.TOKENS)).isCloseTo(350, within(1e-6));
        assertThat(a.use(Dimension.TOKENS)).isCloseTo(300 / 350.0, within(1e-6));
        assertThat(a.use(Dimension.REQUESTS)).isZero();
        QuotaStatistics all = quotas.statistics();
        assertThat(all.granted()).isEqualTo(3);
        assertThat(all.tokens()).isEqualTo(303);
        assertThat(all.seconds().get(1)).isEqualTo(new QuotaStatistics.Second(1, 2, 1, 203, 100));
        assertThat(quotas.statistics("nobody")).isEqualTo(QuotaStatistics.none());
    }

    @Test
    void correction_countsInTheSecondOfItsRequest() {
        change(SimulatorChange.quota(UNLIMITED.tokensPerMinute(6_000).outputCharge(OutputCharge.CORRECTED)));
        Admission admission = admit("a", 10, 100);
        clock.advance(Duration.ofSeconds(5));
        admission.answered(20);
        assertThat(quotas.statistics("a").seconds()).containsExactly(new QuotaStatistics.Second(0, 1, 0, 30, 0));
    }

    @Test
    void clockThatGoesBack_standsStill() {
        change(requests(60, 1));
        assertThat(isIn("a", 1, 0)).isTrue();
        clock.advance(Duration.ofSeconds(-30));
        assertThat(isIn("a", 1, 0)).isFalse();
        clock.advance(Duration.ofSeconds(31));
        assertThat(isIn("a", 1, 0)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void enforcement_isExactToTheToken_againstAReference(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        OutputCharge charge = OutputCharge.values()[(int) (seed % 3)];
        SimulatedQuota quota = randomQuota(random);
        Reference reference = new Reference(quota, charge);
        change(SimulatorChange.quota(quota));
        Deque<Admission> open = new ArrayDeque<>();
        Deque<Long> reserved = new ArrayDeque<>();
        for (int i = 0; i < 5_000; i++) {
            long micros = random.nextInt(4) == 0 ? random.nextLong(3_000_000) : random.nextLong(60_000);
            clock.advance(Duration.ofNanos(micros * 1_000));
            reference.advance(micros);
            if (i % 1_000 == 999) {
                quota = randomQuota(random);
                reference.change(quota);
                change(SimulatorChange.quota(quota));
            }
            if (!open.isEmpty() && random.nextInt(3) == 0) {
                long produced = random.nextLong(200);
                open.remove().answered(produced);
                reference.answered(reserved.remove(), produced);
            }
            long input = random.nextLong(120);
            long output = random.nextLong(120);
            Admission admission = quotas.admit("k", "m", new Demand(input, output), charge);
            assertThat(admission.refusal() == null)
                    .as("request %d of %d and %d tokens", i, input, output)
                    .isEqualTo(reference.admit(input, output));
            if (admission.refusal() == null) {
                open.add(admission);
                reserved.add(output);
            }
            for (Dimension dimension : Dimension.values()) {
                assertThat(quotas.state("k", "m").get(dimension).remaining()).isEqualTo(reference.remaining(dimension));
            }
        }
    }

    private static SimulatedQuota randomQuota(SplittableRandom random) {
        SimulatedQuota quota = UNLIMITED;
        for (Dimension dimension : Dimension.values()) {
            int unit = dimension == Dimension.REQUESTS ? 1 : 100;
            quota = quota.limit(
                    dimension, new Rate(1 + random.nextInt(600 * unit), 1 + random.nextInt(20) + 4L * unit));
        }
        return quota;
    }

    /** Token buckets in exact fractions: levels are in units of 1/60,000,000, by big integers and without any cleverness. */
    private static final class Reference {

        private static final BigInteger UNIT = BigInteger.valueOf(60_000_000);

        private final Map<Dimension, BigInteger> levels = new EnumMap<>(Dimension.class);
        private final OutputCharge charge;
        private SimulatedQuota quota;

        private Reference(SimulatedQuota quota, OutputCharge charge) {
            this.quota = quota;
            this.charge = charge;
            for (Dimension dimension : Dimension.values()) {
                levels.put(dimension, full(dimension));
            }
        }

        private BigInteger full(Dimension dimension) {
            return BigInteger.valueOf(quota.rates().get(dimension).burst()).multiply(UNIT);
        }

        private void change(SimulatedQuota changed) {
            quota = changed;
            levels.replaceAll((dimension, level) -> level.min(full(dimension)));
        }

        private void advance(long micros) {
            levels.replaceAll((dimension, level) -> level.add(
                            BigInteger.valueOf(quota.rates().get(dimension).perMinute())
                                    .multiply(BigInteger.valueOf(micros)))
                    .min(full(dimension)));
        }

        private boolean admit(long input, long output) {
            long now = charge == OutputCharge.PRODUCED ? 0 : output;
            Map<Dimension, Long> takes = new EnumMap<>(Dimension.class);
            takes.put(Dimension.REQUESTS, 1L);
            takes.put(Dimension.TOKENS, input + now);
            takes.put(Dimension.INPUT_TOKENS, input);
            takes.put(Dimension.OUTPUT_TOKENS, now);
            List<Boolean> fits = new ArrayList<>();
            takes.forEach((dimension, units) -> {
                boolean needsOne = charge == OutputCharge.PRODUCED && dimension == Dimension.OUTPUT_TOKENS;
                BigInteger needed = BigInteger.valueOf(needsOne ? 1 : units).multiply(UNIT);
                fits.add(levels.get(dimension).compareTo(needed) >= 0 || needed.signum() == 0);
            });
            if (fits.contains(false)) {
                return false;
            }
            takes.forEach((dimension, units) ->
                    levels.merge(dimension, BigInteger.valueOf(-units).multiply(UNIT), BigInteger::add));
            return true;
        }

        private void answered(long reserved, long produced) {
            long more = charge == OutputCharge.RESERVED
                    ? 0
                    : charge == OutputCharge.CORRECTED ? produced - reserved : produced;
            for (Dimension dimension : List.of(Dimension.TOKENS, Dimension.OUTPUT_TOKENS)) {
                levels.computeIfPresent(
                        dimension,
                        (same, level) -> level.subtract(BigInteger.valueOf(more).multiply(UNIT))
                                .min(full(dimension)));
            }
        }

        private long remaining(Dimension dimension) {
            return levels.get(dimension).divide(UNIT).max(BigInteger.ZERO).longValueExact();
        }
    }

    @ParameterizedTest
    @EnumSource(Dimension.class)
    void greatestRate_countsWithoutOverflow(Dimension dimension) {
        Rate most = Rate.perMinute(100_000_000_000L);
        change(SimulatorChange.quota(UNLIMITED.limit(dimension, most)));
        assertThat(isIn("a", 50_000_000_000L, 50_000_000_000L)).isTrue();
        clock.advance(Duration.ofDays(3_650));
        KeyLimits.State state = quotas.state("a", "m").get(dimension);
        assertThat(state.remaining()).isEqualTo(100_000_000_000L);
        assertThat(state.untilFull()).isZero();
    }
}
