package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ErrorKind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RowIndexTest {

    @TempDir
    Path directory;

    private record Row(long version, int status) {}

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void randomPasses_agreeWithAHashMap(long seed) throws IOException {
        Random random = new Random(seed);
        Map<Long, Row> model = new HashMap<>();
        try (RowIndex index = RowIndex.create(directory)) {
            for (int i = 0; i < 3_000; i++) {
                long key = RowKey.of("known " + random.nextInt(2_000));
                Row row = new Row(random.nextInt(50), random.nextInt(RowStatus.COUNT));
                index.put(key, row.version(), row.status());
                model.put(key, row);
            }
            for (int pass = 0; pass < 4; pass++) {
                index.beginPass();
                List<Long> rows = new ArrayList<>();
                for (int i = 0; i < 2_500; i++) {
                    if (random.nextInt(4) > 0) {
                        rows.add(RowKey.of((random.nextInt(5) > 0 ? "known " : "new ") + random.nextInt(2_000)));
                    }
                }
                Collections.shuffle(rows, random);
                Set<Long> seen = new HashSet<>();
                for (long key : rows) {
                    int at = index.find(key);
                    assertThat(at >= 0).isEqualTo(model.containsKey(key));
                    assertThat(at >= 0 && at < index.passed()).isEqualTo(seen.contains(key));
                    if (seen.add(key)) {
                        int place = index.passed();
                        index.pass(at, key, 7);
                        model.putIfAbsent(key, new Row(7, RowStatus.PENDING));
                        assertThat(index.find(key)).isEqualTo(place);
                    }
                    if (random.nextInt(3) == 0) {
                        Row row = new Row(random.nextInt(50), random.nextInt(RowStatus.COUNT));
                        index.put(key, row.version(), row.status());
                        model.put(key, row);
                    }
                }
                check(index, model, seen);
            }
            index.retryFailed();
            model.replaceAll(
                    (key, row) -> RowStatus.isFailed(row.status()) ? new Row(row.version(), RowStatus.PENDING) : row);
            for (Map.Entry<Long, Row> entry : model.entrySet()) {
                assertThat(index.status(index.find(entry.getKey())))
                        .isEqualTo(entry.getValue().status());
            }
        }
    }

    private static void check(RowIndex index, Map<Long, Row> model, Set<Long> seen) {
        assertThat(index.size()).isEqualTo(model.size());
        assertThat(index.passed()).isEqualTo(seen.size());
        long[] seenCounts = new long[RowStatus.COUNT];
        long[] unseenCounts = new long[RowStatus.COUNT];
        Set<Integer> positions = new HashSet<>();
        model.forEach((key, row) -> {
            int at = index.find(key);
            assertThat(positions.add(at)).isTrue();
            assertThat(at < index.passed()).isEqualTo(seen.contains(key));
            assertThat(index.status(at)).isEqualTo(row.status());
            assertThat(index.sameVersion(at, row.version())).isTrue();
            if (!RowStatus.isFailed(row.status())) {
                assertThat(index.sameVersion(at, row.version() + 1)).isFalse();
            }
            (seen.contains(key) ? seenCounts : unseenCounts)[row.status()]++;
        });
        for (int status = 0; status < RowStatus.COUNT; status++) {
            assertThat(index.seen(status)).isEqualTo(seenCounts[status]);
            assertThat(index.unseen(status)).isEqualTo(unseenCounts[status]);
        }
    }

    @Test
    void aMillionRows_takeAtMostSixteenBytesEach() throws IOException {
        try (RowIndex index = RowIndex.create(directory)) {
            int rows = 1_000_000;
            for (int i = 0; i < rows; i++) {
                index.put(RowKey.of("row-" + i), i, RowStatus.OK);
            }
            // pages are whole: what the last page of each kind leaves free does not count with the rows
            assertThat(index.bytes()).isLessThan(16L * rows + (1 << 20));
            for (int i = 0; i < rows; i += 997) {
                assertThat(index.find(RowKey.of("row-" + i))).isEqualTo(i);
                assertThat(index.find(RowKey.of("other-" + i))).isEqualTo(-1);
            }
        }
    }

    @Test
    void temporaryFiles_haveNoNameAfterCreation() throws IOException {
        try (RowIndex index = RowIndex.create(directory)) {
            assertThat(index.size()).isZero();
            assertThat(directory).isEmptyDirectory();
        }
    }

    @Test
    void keys_areStableForEver() {
        assertThat(RowKey.of("gsm8k-4711")).isEqualTo(1634177735278520600L);
        assertThat(RowKey.of("a") >>> 62).isZero();
    }

    @Test
    void kindsFit_besideTheVersion() {
        assertThat(ErrorKind.values().length).isLessThanOrEqualTo(32);
    }
}
