package io.headrace.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RequestIndexTest {

    private static final long MASK = (1L << RequestKey.BITS) - 1;

    @TempDir
    Path directory;

    @Test
    void randomChanges_areThoseOfAMap() throws IOException {
        SplittableRandom random = new SplittableRandom(1);
        Map<Long, Long> expected = new HashMap<>();
        try (RequestIndex index = RequestIndex.create(directory)) {
            for (int i = 0; i < 200_000; i++) {
                long key = random.nextLong() & MASK;
                if (random.nextInt(3) == 0 && !expected.isEmpty()) {
                    key = expected.keySet().iterator().next();
                }
                int state = 1 + random.nextInt(RequestIndex.FORGOTTEN);
                long value =
                        ((random.nextLong() & MASK) >>> RequestIndex.STATE_BITS << RequestIndex.STATE_BITS) | state;
                index.put(key, value);
                if (state == RequestIndex.FORGOTTEN) {
                    expected.remove(key);
                } else {
                    expected.put(key, value);
                }
            }
            expected.forEach((key, value) -> assertThat(index.get(key)).isEqualTo(value));
            assertThat(index.get(random.nextLong() & MASK)).isZero();
            assertThat(index.size()).isGreaterThanOrEqualTo(expected.size());
        }
    }

    @Test
    void million_takesAtMost16BytesEach() throws IOException {
        SplittableRandom random = new SplittableRandom(2);
        try (RequestIndex index = RequestIndex.create(directory)) {
            for (int i = 0; i < 1_000_000; i++) {
                index.put(random.nextLong() & MASK, 1);
            }
            assertThat(index.size()).isEqualTo(1_000_000);
            assertThat(index.bytes() / 1_000_000.0).isLessThan(16);
        }
    }
}
