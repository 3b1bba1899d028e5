package io.headrace.admission;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import io.headrace.admission.HiddenServer.Hint;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against servers that tell none of their limits, in simulated time. */
class AdaptiveLimitsTest {

    private static final int SEEDS = 4;
    private static final long MS = 1_000_000L;

    @ParameterizedTest
    @CsvSource({"10, 0.02", "10, 0.5", "10, 5", "600, 0.02", "600, 0.5", "600, 5"})
    void hiddenRequestLimit_isUsed(double burst, double latency) {
        for (Hint hint : Hint.values()) {
            Measured measured = new Measured(SEEDS);
            for (int seed = 1; seed <= SEEDS; seed++) {
                measured.add(HiddenServer.requests(600, burst, latency, hint, seed), false, 10, seed);
            }
            measured.assertUsed(hint);
        }
    }

    @ParameterizedTest
    @CsvSource({"6000, 0.02", "6000, 0.5", "6000, 5", "60000, 0.02", "60000, 0.5", "60000, 5"})
    void hiddenTokenLimit_isUsedByRequestsOfAllSizes(double burst, double latency) {
        for (Hint hint : Hint.values()) {
            Measured measured = new Measured(5 * SEEDS);
            for (int seed = 1; seed <= 5 * SEEDS; seed++) {
                measured.add(HiddenServer.tokens(60_000, burst, latency, hint, seed), true, 1_000, seed);
            }
            measured.assertUsed(hint);
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.02, 0.5, 5})
    void hiddenConcurrencyLimit_isUsed(double latency) {
        for (Hint hint : Hint.values()) {
            Measured measured = new Measured(SEEDS);
            for (int seed = 1; seed <= SEEDS; seed++) {
                measured.add(HiddenServer.concurrency(32, latency, hint, seed), false, throughput(32, latency), seed);
            }
            measured.assertUsed(hint);
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.02, 0.5, 5})
    void queueingServer_isKeptBusyWithoutALongQueue(double latency) {
        HiddenServer server = HiddenServer.queueing(32, latency, 1);
        AdaptiveLimits limits = new AdaptiveLimits();
        HungryClients clients = clients(server, limits, 1_000);
        clients.runUntil(120);
        long before = clients.answered;
        clients.runUntil(1_000);
        assertThat((clients.answered - before) / 880.0).isGreaterThan(0.95 * throughput(32, latency));
        assertThat(limits.concurrency()).isBetween(32, 6 * 32);
    }

    @Test
    void serverWithoutLimits_isUsedByAllCallers() {
        AdaptiveLimits limits = new AdaptiveLimits();
        HungryClients clients = clients(HiddenServer.unlimited(0.5, 1), limits, 1_000);
        clients.runUntil(15);
        long before = clients.answered;
        clients.runUntil(20);
        assertThat((clients.answered - before) / 5.0).isGreaterThan(0.95 * 2_000);
        assertThat(limits.learned(0)).isEqualTo(Learned.NOTHING);
    }

    @Test
    void limitThatNobodyWaitsFor_doesNotGrow() {
        AdaptiveLimits limits = new AdaptiveLimits();
        clients(HiddenServer.unlimited(0.5, 1), limits, 4).runUntil(100);
        assertThat(limits.concurrency()).isEqualTo(16);
    }

    @ParameterizedTest
    @CsvSource({"10, 0.02", "10, 0.5", "10, 5", "600, 0.02", "600, 0.5", "600, 5"})
    void doubledLimit_isUsedSoon(double burst, double latency) {
        HiddenServer server = HiddenServer.requests(600, burst, latency, Hint.WHOLE_SECONDS, 1);
        HungryClients clients = clients(server, new AdaptiveLimits(), 1_000);
        clients.runUntil(130);
        server.scale(2);
        assertThat(secondsUntil(0.95 * 20, server, clients)).isLessThan(45);
    }

    @ParameterizedTest
    @CsvSource({"10, 0.02", "10, 0.5", "10, 5", "600, 0.02", "600, 0.5", "600, 5"})
    void quarteredLimit_isKeptWithinSeconds(double burst, double latency) {
        HiddenServer server = HiddenServer.requests(600, burst, latency, Hint.WHOLE_SECONDS, 1);
        AdaptiveLimits limits = new AdaptiveLimits();
        HungryClients clients = clients(server, limits, 1_000);
        clients.runUntil(130);
        server.scale(0.25);
        clients.runUntil(140);
        long refused = clients.refused;
        double accepted = server.accepted();
        clients.runUntil(200);
        assertThat(server.accepted() - accepted).isBetween(0.9 * 150, 1.1 * 150);
        assertThat(clients.refused - refused).isLessThan(10);
    }

    /** A limit that falls so far looks like strays at first: its refusals come at an unlike rate, and soon. */
    @ParameterizedTest
    @ValueSource(doubles = {40, 80})
    void limitThatDoublesAndFallsToAQuarter_isUsedInMostRuns(double burst) {
        int used = 0;
        for (int seed = 1; seed <= 10 * SEEDS; seed++) {
            HiddenServer server = HiddenServer.requests(2_400, burst, 0.3, Hint.EXACT, seed);
            HungryClients clients = clients(server, new Strays(), 400, false, seed);
            clients.runUntil(30);
            server.scale(2);
            clients.runUntil(80);
            server.scale(0.25);
            used += acceptedASecond(server, clients, 100, 110) >= 0.95 * 20 ? 1 : 0;
        }
        assertThat(used).isGreaterThanOrEqualTo(34); // 29 and 32 where a fall is taken for strays
    }

    @ParameterizedTest
    @CsvSource({"10, 0.02", "10, 0.5", "10, 5", "600, 0.02", "600, 0.5", "600, 5"})
    void stormOfRefusals_costsOneBurstACoolDownAndIsForgottenInSeconds(double burst, double latency) {
        HiddenServer server = HiddenServer.requests(600, burst, latency, Hint.WHOLE_SECONDS, 1);
        CoolDown coolDown = new CoolDown();
        AdaptiveLimits limits = new AdaptiveLimits();
        HungryClients clients = new HungryClients(server, List.of(coolDown, limits), 1_000, false, 1);
        clients.runUntil(100);
        server.storm(true);
        long refused = clients.refused;
        long bursts = coolDown.bursts();
        clients.runUntil(160);
        server.storm(false);
        assertThat(coolDown.bursts() - bursts).isLessThanOrEqualTo(60);
        assertThat(clients.refused - refused).isLessThanOrEqualTo(coolDown.bursts() - bursts + 5);
        assertThat(limits.concurrency()).isEqualTo(1);
        assertThat(secondsUntil(0.95 * 10, server, clients)).isLessThan(10);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void retryAfterLongerThanTheTimeBetweenRefusals_neverFreezes(boolean withCoolDown) {
        HiddenServer server = HiddenServer.concurrency(32, 0.5, Hint.WHOLE_SECONDS, 1);
        AdaptiveLimits limits = new AdaptiveLimits();
        List<Resource> resources = withCoolDown ? List.of(new CoolDown(), limits) : List.of(limits);
        HungryClients clients = new HungryClients(server, resources, 100, false, 1);
        clients.runUntil(100);
        int before = limits.concurrency();
        server.storm(true);
        clients.runUntil(900);
        assertThat(limits.concurrency()).isEqualTo(1);
        server.storm(false);
        clients.runUntil(withCoolDown ? 930 : 1_020); // no gate is without one
        assertThat(limits.concurrency()).isGreaterThanOrEqualTo(before * 3 / 4);
    }

    @ParameterizedTest
    @CsvSource({"0.01", "0.05"})
    void straysAtRandom_areToldFromALimitWithinHalfAMinute(double share) {
        double soon = 0;
        for (int seed = 1; seed <= 5 * SEEDS; seed++) {
            HiddenServer server = HiddenServer.unlimited(0.1, seed);
            server.strays(share, -1);
            HungryClients clients = clients(server, new Strays(), 100, false, seed);
            soon += acceptedASecond(server, clients, 30, 60);
            assertThat(acceptedASecond(server, clients, 240, 300)).isGreaterThan(0.8 * 950);
        }
        assertThat(soon / (5 * SEEDS)).isGreaterThan(0.8 * 950);
    }

    @ParameterizedTest
    @CsvSource({"0.01", "0.05"})
    void straysBesideALimit_leaveNobodyBehind(double share) {
        double late = 0;
        for (int seed = 1; seed <= 2 * SEEDS; seed++) {
            HiddenServer server = HiddenServer.requests(2_400, 40, 0.1, Hint.WHOLE_SECONDS, seed);
            server.strays(share, -1);
            HungryClients clients = clients(server, new Strays(), 100, false, seed);
            double accepted = acceptedASecond(server, clients, 240, 480);
            assertThat(accepted).isGreaterThan(0.4 * 40);
            late += accepted;
        }
        assertThat(late / (2 * SEEDS)).isGreaterThan(0.8 * 40);
    }

    @Test
    void straysThatNameATime_areWaitedForAndCutNothing() {
        double accepted = 0;
        for (int seed = 1; seed <= SEEDS; seed++) {
            HiddenServer server = HiddenServer.unlimited(0.1, seed);
            server.strays(0.01, 0.2);
            accepted += acceptedASecond(server, clients(server, new Strays(), 100, false, seed), 60, 120) / SEEDS;
        }
        // a hundred are sent in a tenth of a second, one of them is refused, and all wait 200 ms and for a probe
        assertThat(accepted).isGreaterThan(300);
    }

    /** As behind {@code Gate.layer()} with nothing stated but the concurrency: 100 calls of 55 ms. */
    @ParameterizedTest
    @CsvSource({"0.01, 0.5", "0.05, 0.25"})
    void straysAmongCallsThatCountNoTokens_leaveMostOfTheSpeed(double share, double least) {
        double accepted = 0;
        for (int seed = 101; seed <= 120; seed++) {
            HiddenServer server = HiddenServer.unlimited(0.05, seed);
            server.strays(share, -1);
            Strays strays = new Strays();
            AdaptiveSpec unbound = AdaptiveSpec.standard().initial(Double.MAX_VALUE, Double.MAX_VALUE);
            List<Resource> resources = List.of(
                    new CoolDown(CoolDownSpec.standard(), strays),
                    Slots.of(100),
                    new AdaptiveLimits(unbound, Learned.NOTHING, 0, strays));
            HungryClients clients = new HungryClients(server, resources, 1_000, false, seed).counting(Demand.REQUEST);
            accepted += acceptedASecond(server, clients, 0, 60) / 20;
        }
        assertThat(accepted).isGreaterThan(least * throughput(100, 0.05));
    }

    @Test
    void limitOnCallsThatCountNoTokens_isUsed() {
        for (Hint hint : Hint.values()) {
            HiddenServer server = HiddenServer.requests(600, 10, 0.5, hint, 1);
            HungryClients clients =
                    clients(server, new Strays(), 1_000, false, 1).counting(Demand.REQUEST);
            assertThat(acceptedASecond(server, clients, 30, 120)).isGreaterThan(0.95 * 10);
            assertThat(clients.refused).isLessThan(clients.sent / 50);
        }
    }

    private static double acceptedASecond(HiddenServer server, HungryClients clients, double from, double to) {
        clients.runUntil(from);
        double before = server.accepted();
        clients.runUntil(to);
        return (server.accepted() - before) / (to - from);
    }

    /** As a gate has them: limits and cool-down that know of each other's strays. */
    private static HungryClients clients(HiddenServer server, Strays strays, int window, boolean uneven, long seed) {
        AdaptiveLimits limits = new AdaptiveLimits(AdaptiveSpec.standard(), Learned.NOTHING, 0, strays);
        return new HungryClients(
                server, List.of(new CoolDown(CoolDownSpec.standard(), strays), limits), window, uneven, seed);
    }

    @Test
    void attemptsOfOneBurst_cutOnce() {
        AdaptiveLimits limits = new AdaptiveLimits(AdaptiveSpec.standard().initial(100, 1e6), Learned.NOTHING, 0);
        long now = 0;
        for (int i = 0; i < 100; i++) {
            limits.take(Demand.REQUEST, now += MS);
        }
        for (int i = 0; i < 10; i++) {
            refuse(limits, now, now + (i + 50) * MS);
        }
        assertThat(limits.concurrency()).isEqualTo(90);
    }

    @Test
    void serverErrors_stopGrowthForASecondAndCutNothing() {
        AdaptiveLimits limits = new AdaptiveLimits();
        long now = fill(limits);
        Settlement failed = new Settlement(
                Delivery.UNKNOWN, Usage.UNKNOWN, Cost.UNKNOWN, ErrorKind.SERVER_ERROR, null, Duration.ofSeconds(1));
        limits.settle(Demand.REQUEST, failed, now += 1_000 * MS);
        takeOneMore(limits, now + 500 * MS);
        assertThat(limits.concurrency()).isEqualTo(16);
        takeAnswerAndOneMore(limits, now + 2_000 * MS);
        assertThat(limits.concurrency()).isGreaterThan(16);
    }

    @Test
    void serverErrors_cutMildlyIfToldTo() {
        AdaptiveLimits limits = new AdaptiveLimits(AdaptiveSpec.standard().serverErrorFactor(0.75), Learned.NOTHING, 0);
        long now = fill(limits) + 1_000 * MS;
        Settlement failed = new Settlement(
                Delivery.REFUSED, Usage.ZERO, Cost.ZERO, ErrorKind.OVERLOADED, null, Duration.ofSeconds(1));
        limits.settle(Demand.REQUEST, failed, now);
        limits.settle(Demand.REQUEST, failed, now + MS);
        assertThat(limits.concurrency()).isEqualTo(12);
    }

    @Test
    void unsentAttempts_giveBackWhatTheyTook() {
        AdaptiveLimits limits = new AdaptiveLimits();
        for (int i = 0; i < 100; i++) {
            assertThat(limits.waitNanos(Demand.REQUEST, 0)).isZero();
            limits.take(Demand.REQUEST, 0);
            limits.settle(Demand.REQUEST, Settlement.unused(), 0);
        }
        assertThat(limits.levels(0).get(0).used()).isZero();
    }

    @Test
    void statedLimits_areLeftToOthersUntilTheServerRefusesNevertheless() {
        AdaptiveLimits limits = new AdaptiveLimits();
        limits.observe(minutely(6_000), 0, 0);
        assertThat(rate(limits, 0)).isInfinite();
        limits.take(Demand.REQUEST, MS);
        refuse(limits, MS, 21 * MS);
        assertThat(rate(limits, 21 * MS)).isLessThan(100);
        assertThat(limits.learned(5).requestsPerSecond()).isEqualTo(100);
    }

    @Test
    void nextProcess_startsWhereThisOneEnded() {
        HiddenServer server = HiddenServer.requests(600, 10, 0.5, Hint.NONE, 1);
        AdaptiveLimits first = new AdaptiveLimits();
        clients(server, first, 1_000).runUntil(100);
        Learned learned = first.learned(1_000);
        assertThat(learned.requestsPerSecond()).isBetween(9.0, 11.0);

        AdaptiveLimits second = new AdaptiveLimits(AdaptiveSpec.standard(), learned, 1_000);
        HiddenServer fresh = HiddenServer.requests(600, 10, 0.5, Hint.NONE, 2);
        HungryClients clients = clients(fresh, second, 1_000);
        clients.runUntil(20);
        assertThat(fresh.accepted()).isGreaterThan(0.95 * 200);
        assertThat(clients.refused).isLessThan(4);
    }

    @Test
    void oldKnowledge_isAStartFromBelowAndThenForgotten() {
        Learned learned = new Learned(0, 400.0, 100.0, null);
        AdaptiveSpec spec = AdaptiveSpec.standard().halfLife(Duration.ofHours(1));
        long hour = Duration.ofHours(1).toMillis();
        assertThat(new AdaptiveLimits(spec, learned, 0).concurrency()).isEqualTo(400);
        assertThat(new AdaptiveLimits(spec, learned, 2 * hour).concurrency()).isEqualTo(100);
        assertThat(new AdaptiveLimits(spec, learned, 9 * hour).concurrency()).isEqualTo(16);
        assertThat(new AdaptiveLimits(spec.halfLife(Duration.ofNanos(1)), learned, 1).concurrency())
                .isEqualTo(16);
        assertThat(new AdaptiveLimits(spec.halfLife(Duration.ofSeconds(Long.MAX_VALUE)), learned, hour).concurrency())
                .isGreaterThan(398);
        assertThat(new AdaptiveLimits(spec.initial(20, 5), learned, 0).concurrency())
                .isEqualTo(20);
        assertThat(new AdaptiveLimits(spec.unlearned(20, 5), learned, 0).concurrency())
                .isEqualTo(400);
        assertThat(new AdaptiveLimits(spec.unlearned(20, 5), learned, 9 * hour).concurrency())
                .isEqualTo(20);
    }

    private static long fill(AdaptiveLimits limits) {
        long now = 0;
        while (true) {
            long wait = limits.waitNanos(Demand.REQUEST, now);
            if (wait == Resource.UNTIL_SETTLED) {
                return now;
            }
            now += wait;
            if (wait == 0) {
                limits.take(Demand.REQUEST, now);
            }
        }
    }

    private static void takeOneMore(AdaptiveLimits limits, long now) {
        limits.waitNanos(Demand.REQUEST, now);
        limits.take(Demand.REQUEST, now);
    }

    private static void takeAnswerAndOneMore(AdaptiveLimits limits, long now) {
        limits.waitNanos(Demand.REQUEST, now);
        limits.settle(Demand.REQUEST, Settlement.answered(Usage.ZERO, Cost.ZERO, Duration.ofSeconds(1)), now);
        limits.take(Demand.REQUEST, now);
    }

    private static void refuse(AdaptiveLimits limits, long sent, long now) {
        limits.settle(
                Demand.REQUEST,
                new Settlement(
                        Delivery.REFUSED,
                        Usage.ZERO,
                        Cost.ZERO,
                        ErrorKind.RATE_LIMITED,
                        Duration.ofSeconds(60),
                        Duration.ofNanos(now - sent)),
                now);
    }

    private static ServerLimits minutely(long requests) {
        return new ServerLimits(
                new ServerLimits.Allowance(requests, Duration.ofMinutes(1), -1, null), null, null, null);
    }

    private static double rate(AdaptiveLimits limits, long now) {
        return limits.levels(now).get(1).limit();
    }

    private static HungryClients clients(HiddenServer server, AdaptiveLimits limits, int window) {
        return new HungryClients(server, List.of(new CoolDown(), limits), window, false, 1);
    }

    /** From now until the server accepts so many a second over four seconds; a hundred for never. */
    private static int secondsUntil(double perSecond, HiddenServer server, HungryClients clients) {
        double start = clients.now();
        double[] accepted = new double[105];
        for (int i = 0; i < accepted.length; i++) {
            clients.runUntil(start + i);
            accepted[i] = server.accepted();
            if (i >= 4 && (accepted[i] - accepted[i - 4]) / 4 >= perSecond) {
                return i - 4;
            }
        }
        return 100;
    }

    private static double throughput(int slots, double latency) {
        return slots / (latency + Math.min(latency / 8, 0.005));
    }

    /** Over some seeds: what was used between the 30th and the 120th second, what was refused in five minutes. */
    private static final class Measured {

        private final int seeds;
        private double used;
        private double share;

        Measured(int seeds) {
            this.seeds = seeds;
        }

        void add(HiddenServer server, boolean uneven, double perSecond, int seed) {
            HungryClients clients = clients(server, new Strays(), 1_000, uneven, seed);
            clients.runUntil(30);
            double before = server.accepted();
            clients.runUntil(120);
            used += (server.accepted() - before) / 90 / perSecond / seeds;
            clients.runUntil(300);
            share += (double) clients.refused / clients.sent / seeds;
        }

        void assertUsed(Hint hint) {
            assertThat(used).as("used, %s", hint).isGreaterThan(0.95);
            assertThat(share).as("refused, %s", hint).isLessThan(0.02);
        }
    }
}
