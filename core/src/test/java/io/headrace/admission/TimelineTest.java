package io.headrace.admission;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TimelineTest {

    private record Entry(long time, long amount) {}

    @Test
    void nothing_sinceAnyTime() {
        assertThat(new Timeline().since(0)).isZero();
    }

    @Test
    void recent_areExact() {
        Timeline line = new Timeline();
        line.add(3, 10);
        line.add(4, 10);
        line.add(5, 20);
        assertThat(line.since(9)).isEqualTo(12);
        assertThat(line.since(10)).isEqualTo(12);
        assertThat(line.since(11)).isEqualTo(5);
        assertThat(line.since(21)).isZero();
    }

    @Test
    void long_neverTooLittleAndNeverMuchTooMuch() {
        Random random = new Random(7);
        Timeline line = new Timeline();
        List<Entry> all = new ArrayList<>();
        long now = 0;
        for (int i = 0; i < 20_000; i++) {
            now += random.nextInt(3);
            long amount = random.nextInt(5);
            line.add(amount, now);
            all.add(new Entry(now, amount));
            if (i % 97 == 0) {
                long asked = now - (long) (random.nextDouble() * random.nextDouble() * now);
                long exact = all.stream()
                        .filter(e -> e.time() >= asked)
                        .mapToLong(Entry::amount)
                        .sum();
                assertThat(line.since(asked)).isGreaterThanOrEqualTo(exact).isLessThanOrEqualTo(exact + exact / 4 + 20);
            }
        }
    }
}
