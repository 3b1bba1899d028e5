package io.headrace.admission;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BucketTest {

    private static final long SECOND = 1_000_000_000L;

    /** What a server does: exact, in parts of a unit so small that a nanosecond brings a whole number of them. */
    private static final class Server {

        private final BigInteger limit;
        private final BigInteger period;
        private final BigInteger full;
        private BigInteger level;
        private long at;

        Server(Rate rate) {
            limit = BigInteger.valueOf(rate.limit());
            period = BigInteger.valueOf(rate.period().toNanos());
            full = period.multiply(BigInteger.valueOf(rate.burst()));
            level = full;
        }

        void refill(long now) {
            level = level.add(limit.multiply(BigInteger.valueOf(now - at))).min(full);
            at = now;
        }

        boolean take(long units, long now) {
            refill(now);
            BigInteger asked = period.multiply(BigInteger.valueOf(units));
            if (level.compareTo(asked) < 0) {
                return false;
            }
            level = level.subtract(asked);
            return true;
        }

        void correct(long units, long now) {
            refill(now);
            level = level.subtract(period.multiply(BigInteger.valueOf(units))).min(full);
        }
    }

    private record Arrival(long at, long units) {}

    private static Rate anyRate(Random random) {
        long limit = 1 + random.nextInt(random.nextBoolean() ? 100 : 3_000_000);
        long burst = random.nextInt(3) == 0 ? limit : 1 + random.nextInt((int) Math.min(limit, 5_000));
        Duration period = Duration.ofNanos(1_000_000 + random.nextInt(1_000_000_000) * (1L + random.nextInt(100)));
        return new Rate(limit, period, burst);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void anyJourneysWithinTheJitter_findTheServersBucketFilled(int seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 60; round++) {
            Rate rate = anyRate(random);
            long jitter = Math.min((long) (random.nextDouble() * SECOND), rate.burstNanos() / 20);
            Bucket client = new Bucket(rate, Duration.ofNanos(jitter));
            Server server = new Server(rate);
            PriorityQueue<Arrival> onTheWay = new PriorityQueue<>(Comparator.comparingLong(Arrival::at));
            boolean small = random.nextBoolean();
            long now = 0;
            for (int i = 0; i < 300; i++) {
                long units = 1 + random.nextLong(small ? 1 + rate.burst() / 20 : rate.burst());
                now += client.waitNanos(units, now);
                if (random.nextInt(20) == 0) {
                    now += (long) (random.nextDouble() * 2 * rate.burstNanos());
                    now += client.waitNanos(units, now);
                }
                client.take(units, now);
                long journey = random.nextInt(3) == 0 ? jitter : random.nextLong(jitter + 1);
                onTheWay.add(new Arrival(now + SECOND + journey, units));
            }
            while (!onTheWay.isEmpty()) {
                Arrival next = onTheWay.poll();
                assertThat(server.take(next.units(), next.at()))
                        .as("%s, jitter %d, %s", rate, jitter, next)
                        .isTrue();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void corrections_neverGrantMoreThanAServerThatCorrectsTheSame(int seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 60; round++) {
            Rate rate = anyRate(random);
            Bucket client = new Bucket(rate, Duration.ofNanos(1_000)); // roundings of many corrections
            Server server = new Server(rate);
            PriorityQueue<Arrival> open = new PriorityQueue<>(Comparator.comparingLong(Arrival::at));
            long now = 0;
            for (int i = 0; i < 300; i++) {
                long units = 1 + random.nextLong(rate.burst());
                while (!open.isEmpty() && open.peek().at() <= now) {
                    settle(open.poll(), client, server, random);
                }
                long wait = client.waitNanos(units, now);
                if (wait > 0 && !open.isEmpty() && open.peek().at() < now + wait) {
                    now = open.peek().at();
                    continue;
                }
                now += wait;
                client.take(units, now);
                assertThat(server.take(units, now)).as("%s", rate).isTrue();
                Arrival end = new Arrival(now + (long) (random.nextDouble() * rate.burstNanos()), units);
                open.add(end);
                now += random.nextInt(5) == 0 ? (long) (random.nextDouble() * rate.burstNanos()) : 0;
            }
        }
    }

    private static void settle(Arrival end, Bucket client, Server server, Random random) {
        long actual = random.nextInt(10) == 0
                ? end.units() + random.nextLong(end.units() + 1)
                : random.nextLong(end.units() + 1);
        client.correct(end.units(), actual, end.at());
        server.correct(actual - end.units(), end.at());
    }

    /** What somebody gets who takes one as soon as it is there. */
    private static int grantedInAMinute(Bucket bucket) {
        long now = 0;
        int granted = 0;
        while (now <= 60 * SECOND) {
            bucket.take(1, now);
            granted++;
            now += bucket.waitNanos(1, now);
        }
        return granted;
    }

    @Test
    void greedy_getsTheBurstAndTheRate() {
        Bucket bucket = new Bucket(Rate.perMinute(600), Duration.ofSeconds(1));
        assertThat(grantedInAMinute(bucket)).isBetween(1_190, 1_191);
    }

    @Test
    void smallBurst_losesAtMostATwentieth() {
        Bucket bucket = new Bucket(Rate.perMinute(600).withBurst(1), Duration.ofSeconds(1));
        assertThat(grantedInAMinute(bucket)).isBetween(571, 601);
    }

    @Test
    void waits_areExact() {
        Bucket bucket = new Bucket(Rate.perMinute(60).withBurst(2), Duration.ZERO);
        assertThat(bucket.waitNanos(1, 5)).isZero();
        bucket.take(2, 5);
        assertThat(bucket.waitNanos(1, 5)).isEqualTo(SECOND);
        assertThat(bucket.waitNanos(2, 5)).isEqualTo(2 * SECOND);
        assertThat(bucket.waitNanos(1, 5 + SECOND / 2)).isEqualTo(SECOND / 2);
        assertThat(bucket.waitNanos(0, 5)).isZero();
    }

    @Test
    void allAboveTheBurst_loseNothing() {
        Bucket bucket = new Bucket(Rate.perMinute(60_000).withBurst(1_000), Duration.ofSeconds(1));
        long now = 0;
        long granted = 0;
        while (now <= 60 * SECOND) {
            bucket.take(1_500, now);
            granted += 1_500;
            now += bucket.waitNanos(1_500, now);
        }
        assertThat(granted).isBetween(60_000L, 61_500L);
    }

    @Test
    void aboveTheBurst_goesWhenFullAndLeavesADebt() {
        Bucket bucket = new Bucket(Rate.perMinute(60).withBurst(10), Duration.ZERO);
        bucket.take(1, 0);
        assertThat(bucket.waitNanos(30, 0)).isEqualTo(SECOND);
        bucket.take(30, SECOND);
        assertThat(bucket.used(SECOND)).isEqualTo(30);
        assertThat(bucket.waitNanos(1, SECOND)).isEqualTo(21 * SECOND);
    }

    @Test
    void givenBack_isAsBefore() {
        Random random = new Random(3);
        for (int round = 0; round < 200; round++) {
            Rate rate = anyRate(random);
            Bucket bucket = new Bucket(rate, Duration.ZERO);
            bucket.take(rate.burst(), 0);
            double before = bucket.used(0);
            long units = 1 + random.nextLong(1_000_000_000L);
            bucket.take(units, 0);
            bucket.correct(units, 0, 0);
            assertThat(bucket.used(0)).isEqualTo(before);
            bucket.giveBack(rate.burst(), 0, 0, false, 0);
            assertThat(bucket.used(0)).isZero();
        }
    }

    @Test
    void givenBackAfterItWasFull_isNothing() {
        Bucket bucket = new Bucket(Rate.perMinute(60).withBurst(10), Duration.ZERO);
        bucket.take(5, 0);
        bucket.take(10, 30 * SECOND);
        bucket.giveBack(5, 0, 0, false, 31 * SECOND);
        assertThat(bucket.used(31 * SECOND)).isEqualTo(9);
    }

    @Test
    void refusedByTheLimits_givesBackNoMoreThanTheServerSaidIsThere() {
        Bucket bucket = new Bucket(Rate.perMinute(60), Duration.ZERO);
        bucket.take(1, 0);
        bucket.atMost(0, 0, 0);
        bucket.giveBack(1, 0, 0, true, 0);
        assertThat(bucket.used(0)).isEqualTo(60);
        bucket.giveBack(1, 0, 0, false, 0);
        assertThat(bucket.used(0)).isEqualTo(59);
    }

    @Test
    void anotherRate_keepsWhatIsThere() {
        Bucket bucket = new Bucket(Rate.perMinute(60), Duration.ZERO);
        bucket.take(20, 0);
        bucket.change(Rate.perMinute(120), 0);
        assertThat(bucket.used(0)).isEqualTo(80);
        bucket.change(Rate.perMinute(30), 0);
        assertThat(bucket.used(0)).isZero();
        assertThat(bucket.waitNanos(30, 0)).isZero();
    }

    @Test
    void debt_staysWithAnotherRate() {
        Bucket bucket = new Bucket(Rate.perMinute(60), Duration.ZERO);
        bucket.take(90, 0);
        bucket.change(Rate.perMinute(600), 0);
        assertThat(bucket.used(0)).isEqualTo(630);
        assertThat(bucket.waitNanos(1, 0)).isEqualTo(31 * SECOND / 10);
    }

    @Test
    void hugeNumbers_doNotOverflow() {
        Bucket bucket = new Bucket(new Rate(1, Duration.ofDays(10_000), Long.MAX_VALUE), Duration.ZERO);
        bucket.take(Long.MAX_VALUE / 4, 0);
        assertThat(bucket.waitNanos(1, 0)).isNotNegative();
        assertThat(Rate.perMinute(3).nanos(Long.MAX_VALUE)).isPositive();
        assertThat(Rate.perMinute(7).nanos(1_000_000_000_000L)).isEqualTo(1L << 60);
        assertThat(new Rate(1_000_000_000_007L, Duration.ofMinutes(1), 1).nanos(1_000_000_000_007L))
                .isEqualTo(60 * SECOND);
    }
}
