package io.headrace.cache.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Fingerprint;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class KeyFilterTest {

    private static final int KNOWN = 300_000; // more than two layers hold

    private final KeyFilter filter = KeyFilter.empty();

    @Test
    void knownAnswer_isNeverDenied_andAbsentOneSeldomNot() {
        add(KNOWN);
        assertThat(mistakes(0, KNOWN)).isEqualTo(KNOWN);
        assertThat(mistakes(KNOWN, 2 * KNOWN)).isLessThan(KNOWN / 30);
    }

    @Test
    void otherSample_isAnotherAnswer() {
        add(1);
        assertThat(filter.mayHave(key(0), 0)).isTrue();
        assertThat(filter.mayHave(key(0), 1)).isFalse();
    }

    @Test
    void moreThanItTakes_leavesItWithoutKnowledge() {
        add(5_000_000);
        assertThat(filter.mayHave(key(-1), 0)).isTrue();
    }

    @Test
    void unknowingOne_mayHaveAnything_alsoAfterMore() {
        KeyFilter unknowing = KeyFilter.unknowing();
        assertThat(unknowing.mayHave(key(1), 0)).isTrue();
        unknowing.add(key(2), 0);
        assertThat(unknowing.mayHave(key(1), 0)).isTrue();
        assertThat(unknowing.mayHave(key(2), 0)).isTrue();
    }

    @Test
    void answersAddedByManyThreads_areAllKnown() {
        IntStream.range(0, KNOWN).parallel().forEach(i -> {
            filter.add(key(i), 0);
            assertThat(filter.mayHave(key(i), 0)).as("what this thread added").isTrue();
        });
        assertThat(mistakes(0, KNOWN)).isEqualTo(KNOWN);
    }

    private void add(int count) {
        IntStream.range(0, count).forEach(i -> filter.add(key(i), 0));
    }

    private long mistakes(int from, int to) {
        return IntStream.range(from, to).filter(i -> filter.mayHave(key(i), 0)).count();
    }

    private static Fingerprint key(int number) {
        Random random = new Random(number);
        return new Fingerprint(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
    }
}
