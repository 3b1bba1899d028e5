package io.headrace.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.headrace.ApiException;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import io.headrace.admission.ServerLimits.Allowance;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class KeyRingTest {

    private static final long SECOND = 1_000_000_000L;
    private static final Demand CALL = Demand.REQUEST;

    private final List<String> left = new ArrayList<>();

    private Seat seat(String name, Resource... resources) {
        return new Seat(
                new ApiKey(name, "secret-" + name),
                List.of(resources),
                new AtomicReference<>(),
                why -> left.add(name + " " + why.label()));
    }

    private static Settlement failed(ErrorKind kind) {
        return new Settlement(Delivery.REFUSED, Usage.ZERO, Cost.ZERO, kind, null, Duration.ZERO);
    }

    private static String taken(KeyRing ring, long now) {
        assertThat(ring.waitNanos(CALL, now)).isZero();
        return name(ring.take(CALL, now));
    }

    private static String name(Seat seat) {
        return Objects.requireNonNull(seat.key()).name();
    }

    @Test
    void equals_goByTurns() {
        KeyRing ring = new KeyRing(List.of(seat("a"), seat("b"), seat("c")));
        List<String> order = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            order.add(taken(ring, 0));
        }
        assertThat(order).containsExactly("a", "b", "c", "a", "b", "c");
    }

    @Test
    void mostRoom_goesFirst() {
        KeyRing ring = new KeyRing(List.of(seat("small", Slots.of(2)), seat("large", Slots.of(6))));
        Map<String, Integer> out = new HashMap<>();
        for (int i = 0; i < 4; i++) {
            out.merge(taken(ring, 0), 1, Integer::sum);
        }
        assertThat(out).containsEntry("small", 1).containsEntry("large", 3);
    }

    @Test
    void scarcestResource_saysHowMuchRoomThereIs() {
        Seat both = seat("a", Slots.of(10), TokenBucket.of(Charge.REQUESTS, Rate.perMinute(2), Duration.ZERO));
        both.take(CALL, 0);
        assertThat(both.room(0)).isEqualTo(0.5);
        assertThat(seat("b", TokenBucket.ofServer(Charge.TOKENS)).room(0)).isEqualTo(1);
    }

    @Test
    void shortestWait_ofAllKeys() {
        TokenBucket slow = TokenBucket.of(Charge.REQUESTS, Rate.perMinute(1), Duration.ZERO);
        TokenBucket quick = TokenBucket.of(Charge.REQUESTS, Rate.perMinute(6).withBurst(1), Duration.ZERO);
        KeyRing ring = new KeyRing(List.of(seat("slow", slow), seat("full", Slots.of(1)), seat("quick", quick)));
        for (int i = 0; i < 3; i++) {
            taken(ring, 0);
        }
        assertThat(ring.waitNanos(CALL, 0)).isEqualTo(10 * SECOND);
        assertThat(taken(ring, 10 * SECOND)).isEqualTo("quick");
    }

    @Test
    void longestWait_ofAllResourcesOfAKey() {
        Seat seat = seat(
                "a",
                TokenBucket.of(Charge.REQUESTS, Rate.perMinute(6).withBurst(1), Duration.ZERO),
                TokenBucket.of(Charge.REQUESTS, Rate.perMinute(1), Duration.ZERO));
        seat.take(CALL, 0);
        assertThat(seat.waitNanos(CALL, 0)).isEqualTo(60 * SECOND);
    }

    @Test
    void refusedKey_leavesOnceAndTheOthersGoOn() {
        Slots slots = Slots.of(5);
        Seat bad = seat("bad", slots);
        Seat good = seat("good", Slots.of(5));
        KeyRing ring = new KeyRing(List.of(bad, good));
        bad.take(CALL, 0);
        bad.take(CALL, 0);
        bad.settle(CALL, failed(ErrorKind.AUTHENTICATION), 0);
        bad.settle(CALL, failed(ErrorKind.QUOTA_EXHAUSTED), 0);
        assertThat(left).containsExactly("bad authentication");
        assertThat(slots.levels(0).get(0).used()).isZero();
        assertThat(ring.gone()).isNull();
        for (int i = 0; i < 5; i++) {
            assertThat(taken(ring, 0)).isEqualTo("good");
        }
        assertThat(ring.waitNanos(CALL, 0)).isEqualTo(Resource.UNTIL_SETTLED);
    }

    @Test
    void otherErrors_keepTheKey() {
        Seat seat = seat("a");
        for (ErrorKind kind : ErrorKind.values()) {
            if (kind != ErrorKind.AUTHENTICATION && kind != ErrorKind.QUOTA_EXHAUSTED) {
                seat.take(CALL, 0);
                seat.settle(CALL, failed(kind), 0);
            }
        }
        assertThat(left).isEmpty();
        assertThat(seat.gone()).isNull();
    }

    @Test
    void allGone_saysWhyOfEachAndNoSecret() {
        Seat a = seat("alpha");
        Seat b = seat("beta");
        KeyRing ring = new KeyRing(List.of(a, b));
        a.settle(CALL, failed(ErrorKind.QUOTA_EXHAUSTED), 0);
        b.settle(CALL, failed(ErrorKind.AUTHENTICATION), 0);
        assertThat(ring.waitNanos(CALL, 0)).isEqualTo(Resource.UNTIL_SETTLED);
        ApiException gone = Objects.requireNonNull(ring.gone());
        assertThat(gone.kind()).isEqualTo(ErrorKind.QUOTA_EXHAUSTED);
        assertThat(gone.delivery()).isEqualTo(Delivery.NOT_SENT);
        assertThat(gone.getMessage())
                .contains("'alpha' has used up its credit")
                .contains("'beta' was refused")
                .doesNotContain("secret");
        ring.tryAgain(0, true);
        assertThat(ring.gone()).isNull();
        assertThat(taken(ring, 0)).isEqualTo("alpha");
        b.settle(CALL, failed(ErrorKind.AUTHENTICATION), 0);
        assertThat(left).hasSize(3);
    }

    @Test
    void seatThatNeverLeaves_isThereForTheNext() {
        Seat own = new Seat(null, List.of(), new AtomicReference<>(), null);
        KeyRing ring = new KeyRing(List.of(own));
        own.settle(CALL, failed(ErrorKind.AUTHENTICATION), 0);
        assertThat(left).isEmpty();
        assertThat(ring.gone()).isNull();
        assertThat(ring.waitNanos(CALL, 0)).isZero();
    }

    @Test
    void providersOwnKey_mayLeaveToo() {
        Seat own = new Seat(null, List.of(), new AtomicReference<>(), why -> left.add("own " + why.label()));
        KeyRing ring = new KeyRing(List.of(own));
        own.settle(CALL, failed(ErrorKind.QUOTA_EXHAUSTED), 0);
        assertThat(left).containsExactly("own quota-exhausted");
        assertThat(ring.gone()).hasMessageContaining("the provider's own has used up its credit");
        ring.tryAgain(0, true);
        assertThat(ring.waitNanos(CALL, 0)).isZero();
    }

    @Test
    void impossible_onlyIfForAllKeysThatAreLeft() {
        Demand large = new Demand(50, 0, Cost.ZERO);
        Seat small = seat("small", TokenBucket.of(Charge.TOKENS, Rate.perMinute(10), Duration.ZERO));
        Seat big = seat("big", TokenBucket.of(Charge.TOKENS, Rate.perMinute(100), Duration.ZERO));
        KeyRing ring = new KeyRing(List.of(small, big));
        assertThat(ring.impossible(large)).isNull();
        assertThat(ring.waitNanos(large, 0)).isZero();
        assertThat(name(ring.take(large, 0))).isEqualTo("big");
        big.settle(large, failed(ErrorKind.AUTHENTICATION), 0);
        assertThat(ring.impossible(large)).contains("50").contains("10").contains("tokens per minute");
    }

    @Test
    void shut_onlyIfAllKeysAre() {
        BreakerSpec spec = BreakerSpec.standard().window(1, 1);
        Seat a = seat("a", Breaker.of(spec, state -> {}));
        Seat b = seat("b", Breaker.of(spec, state -> {}));
        KeyRing ring = new KeyRing(List.of(a, b));
        Settlement failure = Settlement.failed(
                ApiException.builder(ErrorKind.SERVER_ERROR, "down").build(), Duration.ZERO);
        a.take(CALL, 0);
        a.settle(CALL, failure, 0);
        assertThat(ring.shut(1)).isNull();
        assertThat(taken(ring, 1)).isEqualTo("b");
        b.settle(CALL, failure, 1);
        assertThat(ring.shut(1)).isEqualTo(ErrorKind.CIRCUIT_OPEN);
        assertThat(ring.waitNanos(CALL, 1)).isEqualTo(10 * SECOND);
        assertThat(taken(ring, 10 * SECOND + 2)).isEqualTo("a");
    }

    @Test
    void serversWord_reachesItsKeyOnly() {
        Seat a = seat("a", TokenBucket.ofServer(Charge.REQUESTS));
        Seat b = seat("b", TokenBucket.ofServer(Charge.REQUESTS));
        KeyRing ring = new KeyRing(List.of(a, b));
        a.observe(new ServerLimits(new Allowance(10, Duration.ofMinutes(1), 0, null), null, null, null), 0, 0);
        for (int i = 0; i < 5; i++) {
            assertThat(taken(ring, 0)).isEqualTo("b");
        }
    }

    @Test
    void randomly_everyReservationComesBack() {
        Random random = new Random(5);
        Slots[] slots = {Slots.of(1), Slots.of(3), Slots.of(7)};
        KeyRing ring = new KeyRing(List.of(seat("a", slots[0]), seat("b", slots[1]), seat("c", slots[2])));
        List<Seat> out = new ArrayList<>();
        for (int i = 0; i < 20_000; i++) {
            if (random.nextBoolean() && ring.waitNanos(CALL, i) == 0) {
                out.add(ring.take(CALL, i));
            } else if (!out.isEmpty()) {
                Seat seat = out.remove(random.nextInt(out.size()));
                ErrorKind kind = random.nextInt(50) == 0 ? ErrorKind.AUTHENTICATION : ErrorKind.TIMEOUT;
                seat.settle(CALL, failed(kind), i);
            }
            if (ring.gone() != null) {
                ring.tryAgain(0, true);
            }
            assertThat(out).hasSizeLessThanOrEqualTo(11);
        }
        out.forEach(seat -> seat.settle(CALL, failed(ErrorKind.TIMEOUT), 20_000));
        for (Slots one : slots) {
            assertThat(one.levels(0).get(0).used()).isZero();
        }
    }

    @Test
    void noSeat_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> new KeyRing(List.of()));
    }
}
