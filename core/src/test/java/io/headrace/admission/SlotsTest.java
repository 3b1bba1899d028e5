package io.headrace.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.headrace.admission.Level.Origin;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SlotsTest {

    @Test
    void full_waitsForAnEnd() {
        Slots slots = Slots.of(2);
        slots.take(Demand.REQUEST, 0);
        assertThat(slots.waitNanos(Demand.REQUEST, 0)).isZero();
        slots.take(Demand.REQUEST, 0);
        assertThat(slots.waitNanos(Demand.REQUEST, 0)).isEqualTo(Resource.UNTIL_SETTLED);
        slots.settle(Demand.REQUEST, Settlement.unused(), 0);
        assertThat(slots.waitNanos(Demand.REQUEST, 0)).isZero();
        assertThat(slots.levels(0)).containsExactly(new Level("concurrency", 1, 2, Origin.STATED));
    }

    @Test
    void loweredBelowWhatIsOut_waitsUntilEnoughEnded() {
        Slots slots = Slots.of(5);
        for (int i = 0; i < 5; i++) {
            slots.take(Demand.REQUEST, 0);
        }
        slots.change(2);
        for (int i = 0; i < 3; i++) {
            slots.settle(Demand.REQUEST, Settlement.cancelled(Duration.ZERO), 0);
            assertThat(slots.waitNanos(Demand.REQUEST, 0)).isEqualTo(Resource.UNTIL_SETTLED);
        }
        slots.settle(Demand.REQUEST, Settlement.cancelled(Duration.ZERO), 0);
        assertThat(slots.waitNanos(Demand.REQUEST, 0)).isZero();
        slots.change(9);
        assertThat(slots.levels(0)).containsExactly(new Level("concurrency", 1, 9, Origin.STATED));
    }

    @Test
    void randomly_neverMoreThanAllowedAndBackToZero() {
        Random random = new Random(1);
        Slots slots = Slots.of(3);
        int max = 3;
        int out = 0;
        for (int i = 0; i < 10_000; i++) {
            if (random.nextInt(50) == 0) {
                max = 1 + random.nextInt(10);
                slots.change(max);
            }
            boolean goes = slots.waitNanos(Demand.REQUEST, i) == 0;
            assertThat(goes).isEqualTo(out < max);
            if (goes && random.nextBoolean()) {
                slots.take(Demand.REQUEST, i);
                out++;
            } else if (out > 0) {
                slots.settle(Demand.REQUEST, Settlement.unused(), i);
                out--;
            }
        }
        for (; out > 0; out--) {
            slots.settle(Demand.REQUEST, Settlement.unused(), 10_000);
        }
        assertThat(slots.levels(0).get(0).used()).isZero();
    }

    @Test
    void lessThanOne_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> Slots.of(0));
        assertThatIllegalArgumentException().isThrownBy(() -> Slots.of(1).change(0));
    }
}
