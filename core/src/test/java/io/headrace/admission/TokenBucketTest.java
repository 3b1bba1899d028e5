package io.headrace.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.data.Offset.offset;

import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import io.headrace.admission.Level.Origin;
import io.headrace.admission.ServerLimits.Allowance;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TokenBucketTest {

    private static final long SECOND = 1_000_000_000L;
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Demand CALL = new Demand(100, 50, Cost.ZERO);

    private static Settlement answered(Usage usage, long elapsed) {
        return Settlement.answered(usage, Cost.ZERO, Duration.ofNanos(elapsed));
    }

    private static Settlement ended(Delivery delivery, Usage usage, @Nullable ErrorKind error, long elapsed) {
        return new Settlement(delivery, usage, Cost.ZERO, error, null, Duration.ofNanos(elapsed));
    }

    private static ServerLimits requests(long limit, long remaining) {
        return new ServerLimits(new Allowance(limit, MINUTE, remaining, null), null, null, null);
    }

    private static double left(TokenBucket bucket, long now) {
        Level level = bucket.levels(now).get(0);
        return level.limit() - level.used();
    }

    private static TokenBucket exact(Charge charge, long perMinute) {
        return TokenBucket.of(charge, Rate.perMinute(perMinute), Duration.ZERO);
    }

    @Test
    void charges_settleByWhatTheAnswerTook() {
        Usage usage = Usage.of(120, 30).withCached(80);
        assertThat(settled(Charge.REQUESTS, answered(usage, 0))).isEqualTo(1);
        assertThat(settled(Charge.TOKENS, answered(usage, 0))).isEqualTo(150);
        assertThat(settled(Charge.RESERVED_TOKENS, answered(usage, 0))).isEqualTo(170);
        assertThat(settled(Charge.INPUT_TOKENS, answered(usage, 0))).isEqualTo(40);
        assertThat(settled(Charge.OUTPUT_TOKENS, answered(usage, 0))).isEqualTo(30);
    }

    @ParameterizedTest
    @EnumSource
    void notSentOrRefused_takesNothing(Charge charge) {
        assertThat(settled(charge, ended(Delivery.NOT_SENT, Usage.ZERO, ErrorKind.TRANSPORT, 0)))
                .isZero();
        assertThat(settled(charge, ended(Delivery.REFUSED, Usage.ZERO, ErrorKind.RATE_LIMITED, 0)))
                .isZero();
        assertThat(settled(charge, Settlement.unused())).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void unknownOutcomeOrUsage_takesWhatWasReserved(Charge charge) {
        double reserved = charge.reserved(CALL);
        assertThat(settled(charge, Settlement.cancelled(Duration.ZERO))).isEqualTo(reserved);
        assertThat(settled(charge, answered(Usage.UNKNOWN, 0))).isEqualTo(reserved);
        assertThat(settled(charge, ended(Delivery.UNKNOWN, Usage.of(1, 1), ErrorKind.TIMEOUT, 0)))
                .isEqualTo(reserved);
    }

    /** What one call of {@link #CALL} has taken after it ended so. */
    private static double settled(Charge charge, Settlement end) {
        TokenBucket bucket = exact(charge, 1_000);
        bucket.take(CALL, 0);
        bucket.settle(CALL, end, 0);
        return bucket.levels(0).get(0).used();
    }

    @Test
    void underestimated_leavesADebt() {
        TokenBucket bucket = exact(Charge.TOKENS, 600);
        bucket.take(CALL, 0);
        bucket.settle(CALL, answered(Usage.of(600, 300), 0), 0);
        assertThat(left(bucket, 0)).isEqualTo(-300);
        assertThat(bucket.waitNanos(CALL, 0)).isEqualTo(45 * SECOND);
    }

    @Test
    void aboveThePeriodAndTheBurst_isImpossible() {
        TokenBucket bucket = TokenBucket.of(Charge.TOKENS, Rate.perMinute(149).withBurst(10));
        assertThat(bucket.impossible(CALL))
                .contains("150")
                .contains("149")
                .contains("tokens per minute")
                .contains("stated");
        assertThat(bucket.waitNanos(CALL, 0)).isEqualTo(Resource.UNTIL_SETTLED);
        bucket.change(Rate.perMinute(150).withBurst(10), 0);
        assertThat(bucket.impossible(CALL)).isNull();
        assertThat(TokenBucket.of(Charge.TOKENS, Rate.perMinute(10).withBurst(150))
                        .impossible(CALL))
                .isNull();
    }

    @Test
    void aboveTheServersLimit_isImpossibleOnlyWhereItCountsTheBound() {
        Demand large = new Demand(0, 16_000, Cost.ZERO);
        Allowance said = new Allowance(8_000, MINUTE, 8_000, null);
        ServerLimits limits = new ServerLimits(null, said, null, said);
        TokenBucket tokens = TokenBucket.ofServer(Charge.RESERVED_TOKENS, Duration.ZERO);
        TokenBucket output = TokenBucket.ofServer(Charge.OUTPUT_TOKENS, Duration.ZERO);
        tokens.observe(limits, 0, 0);
        output.observe(limits, 0, 0);
        assertThat(tokens.impossible(large)).contains("16000").contains("8000").contains("server");
        assertThat(output.impossible(large)).isNull();
        assertThat(output.waitNanos(large, 0)).isZero();
        output.take(large, 0);
        assertThat(output.waitNanos(large, 0)).isEqualTo(120 * SECOND);
        output.change(Rate.perMinute(10_000), 0);
        assertThat(output.impossible(large)).contains("10000");
        assertThat(output.waitNanos(large, 0)).isEqualTo(Resource.UNTIL_SETTLED);
    }

    @Test
    void name_tellsUnitAndPeriod() {
        assertThat(exact(Charge.INPUT_TOKENS, 1).name()).isEqualTo("input tokens per minute");
        assertThat(TokenBucket.of(Charge.REQUESTS, Rate.of(5, Duration.ofDays(1)))
                        .name())
                .isEqualTo("requests per day");
        assertThat(TokenBucket.of(Charge.REQUESTS, Rate.of(5, Duration.ofSeconds(7)))
                        .name())
                .isEqualTo("requests per PT7S");
        assertThat(TokenBucket.ofServer(Charge.TOKENS).name()).isEqualTo("tokens per minute");
    }

    @Test
    void stated_isNeverRaisedByTheServer() {
        TokenBucket bucket = exact(Charge.REQUESTS, 60);
        bucket.take(CALL, 0);
        bucket.observe(requests(600, 599), 0, 0);
        assertThat(bucket.levels(0)).containsExactly(new Level("requests per minute", 1, 60, Origin.STATED));
    }

    @Test
    void stated_fallsToTheServersLimitAndComesBack() {
        TokenBucket bucket = exact(Charge.REQUESTS, 600);
        bucket.observe(requests(60, -1), 0, 0);
        assertThat(bucket.levels(0)).containsExactly(new Level("requests per minute", 0, 60, Origin.SERVER));
        bucket.observe(requests(6_000, 6_000), 1, 1);
        assertThat(bucket.levels(1)).containsExactly(new Level("requests per minute", 540, 600, Origin.STATED));
    }

    @Test
    void stated_fallsToWhatTheServerHasLeft() {
        TokenBucket bucket = exact(Charge.REQUESTS, 60);
        bucket.observe(requests(60, 12), 0, 0);
        assertThat(left(bucket, 0)).isEqualTo(12);
    }

    @Test
    void stated_oldWordOfWhatIsLeftMayHaveBeenRefilled() {
        TokenBucket bucket = exact(Charge.REQUESTS, 60);
        bucket.take(CALL, 0);
        bucket.observe(requests(60, 0), 0, 40 * SECOND);
        assertThat(left(bucket, 40 * SECOND)).isEqualTo(40);
    }

    @Test
    void olderWord_doesNotUndoANewerLimit() {
        TokenBucket bucket = TokenBucket.ofServer(Charge.REQUESTS, Duration.ZERO);
        bucket.observe(requests(120, 100), 10, 11);
        bucket.observe(requests(60, 50), 5, 12);
        assertThat(bucket.levels(12).get(0).limit()).isEqualTo(120);
        assertThat(left(bucket, 12)).isCloseTo(50, offset(0.001));
    }

    @Test
    void server_noLimitBeforeItTells() {
        TokenBucket bucket = TokenBucket.ofServer(Charge.REQUESTS, Duration.ZERO);
        for (int i = 0; i < 1_000; i++) {
            assertThat(bucket.waitNanos(CALL, 0)).isZero();
            bucket.take(CALL, 0);
        }
        assertThat(bucket.impossible(CALL)).isNull();
        assertThat(bucket.levels(0))
                .containsExactly(new Level("requests per minute", 1_000, Double.POSITIVE_INFINITY, Origin.SERVER));
    }

    @Test
    void server_firstWordCountsAllThatIsOnItsWay() {
        TokenBucket bucket = TokenBucket.ofServer(Charge.REQUESTS, Duration.ZERO);
        for (int i = 0; i < 100; i++) {
            bucket.take(CALL, 0);
        }
        bucket.observe(requests(60, 59), 0, SECOND);
        assertThat(left(bucket, SECOND)).isEqualTo(-41);
        for (int i = 0; i < 40; i++) {
            bucket.settle(CALL, ended(Delivery.REFUSED, Usage.ZERO, ErrorKind.OVERLOADED, SECOND), SECOND);
        }
        assertThat(left(bucket, SECOND)).isCloseTo(-1, offset(0.001));
    }

    @Test
    void server_followsTheLimitUpAndDown() {
        TokenBucket bucket = TokenBucket.ofServer(Charge.REQUESTS, Duration.ZERO);
        bucket.observe(requests(60, 60), 0, 0);
        bucket.observe(requests(120, 120), 1, 1);
        assertThat(bucket.levels(1)).containsExactly(new Level("requests per minute", 0, 120, Origin.SERVER));
        bucket.observe(requests(30, 7), 2, 2);
        assertThat(bucket.levels(2).get(0).limit()).isEqualTo(30);
        assertThat(left(bucket, 2)).isCloseTo(7, offset(0.001));
    }

    @Test
    void server_lateWordGivesNothingBackThatItHadNotSeen() {
        TokenBucket bucket = TokenBucket.ofServer(Charge.REQUESTS, Duration.ZERO);
        bucket.observe(requests(60, 60), 0, 0);
        bucket.take(CALL, 0);
        for (int i = 1; i <= 50; i++) {
            bucket.take(CALL, i);
            if (i % 2 == 0) {
                bucket.settle(CALL, answered(Usage.ZERO, 0), i);
            }
        }
        double before = left(bucket, 100);
        bucket.observe(requests(60, 59), 0, 100);
        assertThat(left(bucket, 100)).isEqualTo(before);
    }

    @Test
    void server_raisesWhatNothingUnseenContradicts() {
        TokenBucket bucket = TokenBucket.ofServer(Charge.TOKENS, Duration.ZERO);
        bucket.observe(new ServerLimits(null, new Allowance(6_000, MINUTE, 6_000, null), null, null), 0, 0);
        bucket.take(CALL, 0);
        bucket.settle(CALL, Settlement.cancelled(Duration.ofNanos(5)), 5);
        bucket.take(CALL, 10);
        bucket.observe(new ServerLimits(null, new Allowance(6_000, MINUTE, 6_000, null), null, null), 10, 20);
        assertThat(left(bucket, 20)).isEqualTo(5_850);
    }

    @Test
    void statedAfterAll_countsWhatIsOnItsWay() {
        TokenBucket bucket = TokenBucket.ofServer(Charge.REQUESTS, Duration.ZERO);
        bucket.take(CALL, 0);
        bucket.change(Rate.perMinute(60), 0);
        assertThat(bucket.levels(0)).containsExactly(new Level("requests per minute", 1, 60, Origin.STATED));
        bucket.settle(CALL, Settlement.unused(), 0);
        assertThat(bucket.levels(0)).containsExactly(new Level("requests per minute", 0, 60, Origin.STATED));
    }

    /**
     * A server with a hidden limit that tells of it at the door, journeys of any length both ways, and a client that goes
     * whenever its bucket lets it: refusals happen only until the server's word first came.
     */
    @Test
    void serverWithHiddenLimit_refusesNobodyOnceItWasHeard() {
        for (int seed = 0; seed < 40; seed++) {
            Random random = new Random(seed);
            long limit = 30 + random.nextInt(2_000);
            TokenBucket client = TokenBucket.ofServer(Charge.REQUESTS);
            HiddenLimit server = new HiddenLimit(limit, limit);
            long now = 0;
            int sent = 0;
            int refusedLater = 0;
            List<HiddenLimit.Call> open = new ArrayList<>();
            while (now < 180 * SECOND) {
                long wait = client.waitNanos(CALL, now);
                open.sort(Comparator.comparingLong(HiddenLimit.Call::nextAt));
                if (wait == 0 && open.size() < 50) {
                    client.take(CALL, now);
                    long there = now + 1 + random.nextLong(SECOND / 2);
                    open.add(new HiddenLimit.Call(now, there, there + 1 + random.nextLong(3 * SECOND)));
                    sent++;
                    continue;
                }
                long next = open.isEmpty() ? Long.MAX_VALUE : open.get(0).nextAt();
                if (wait > 0 && next > now + wait) {
                    now += wait;
                    continue;
                }
                now = next;
                HiddenLimit.Call call = open.remove(0);
                if (!call.arrived) {
                    server.arrive(call);
                    open.add(call);
                } else {
                    client.observe(requests(limit, call.told), call.taken, now);
                    refusedLater += call.refused && call.taken > 4 * SECOND ? 1 : 0;
                    client.settle(
                            CALL,
                            call.refused
                                    ? ended(Delivery.REFUSED, Usage.ZERO, ErrorKind.RATE_LIMITED, now - call.taken)
                                    : answered(Usage.ZERO, now - call.taken),
                            now);
                }
            }
            assertThat(refusedLater).as("seed %d, limit %d", seed, limit).isZero();
            double offered = Math.min(limit * 3.0, 50 * 180 / 1.75);
            assertThat((double) sent).as("seed %d, limit %d", seed, limit).isGreaterThan(0.9 * offered);
        }
    }

    @Test
    void serverThatHoldsLessAtOnce_isFollowedAtItsFullRate() {
        TokenBucket client = TokenBucket.ofServer(Charge.REQUESTS);
        HiddenLimit server = new HiddenLimit(600, 10);
        int answered = 0;
        int refused = 0;
        long now = 0;
        while (now < 60 * SECOND) {
            now += client.waitNanos(CALL, now);
            client.take(CALL, now);
            HiddenLimit.Call call = new HiddenLimit.Call(now, now + 1_000_000, now + 2_000_000);
            server.arrive(call);
            now = call.back;
            client.observe(requests(600, call.told), call.taken, now);
            Settlement end = call.refused
                    ? ended(Delivery.REFUSED, Usage.ZERO, ErrorKind.RATE_LIMITED, 2_000_000)
                    : answered(Usage.ZERO, 2_000_000);
            client.settle(CALL, end, now);
            answered += call.refused ? 0 : 1;
            refused += call.refused ? 1 : 0;
        }
        assertThat(answered).isGreaterThan(600);
        assertThat(refused).isLessThan(10);
    }

    @Test
    void whatTheServerNeverCounted_comesBackOnlyIfItWasMissed() {
        TokenBucket reserved = exact(Charge.RESERVED_TOKENS, 600);
        TokenBucket corrected = exact(Charge.TOKENS, 600);
        for (TokenBucket bucket : List.of(reserved, corrected)) {
            bucket.take(CALL, 0);
            bucket.take(CALL, 60 * SECOND);
            bucket.settle(CALL, answered(Usage.of(0, 0), 61 * SECOND), 61 * SECOND);
        }
        assertThat(left(reserved, 61 * SECOND)).isEqualTo(460);
        assertThat(left(corrected, 61 * SECOND)).isEqualTo(600);
    }

    private static final class HiddenLimit {

        static final class Call {

            final long taken;
            final long there;
            final long back;
            boolean arrived;
            boolean refused;
            long told;

            Call(long taken, long there, long back) {
                this.taken = taken;
                this.there = there;
                this.back = back;
            }

            long nextAt() {
                return arrived ? back : there;
            }
        }

        private final long limit;
        private final long burst;
        private double level;
        private long at;

        HiddenLimit(long limit, long burst) {
            this.limit = limit;
            this.burst = burst;
            this.level = burst;
        }

        void arrive(Call call) {
            level = Math.min(burst, level + (double) limit * (call.there - at) / (60 * SECOND));
            at = call.there;
            call.arrived = true;
            call.refused = level < 1;
            level -= call.refused ? 0 : 1;
            call.told = (long) level;
        }
    }

    @Test
    void negativeJitter_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TokenBucket.of(Charge.TOKENS, Rate.perMinute(1), Duration.ofNanos(-1)));
    }
}
