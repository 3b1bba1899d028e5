package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Fingerprint;
import io.headrace.Tally;
import io.headrace.Usage;
import io.headrace.run.JournalRecord.AttemptEnded;
import io.headrace.run.JournalRecord.AttemptStarted;
import io.headrace.run.JournalRecord.Carried;
import io.headrace.run.JournalRecord.Done;
import io.headrace.run.JournalRecord.Finished;
import io.headrace.run.JournalRecord.Leaf;
import io.headrace.run.JournalRecord.Line;
import io.headrace.run.JournalRecord.RetryFailed;
import io.headrace.run.JournalRecord.RunStarted;
import io.headrace.run.JournalRecord.Sink;
import io.headrace.run.JournalRecord.Superseded;
import io.headrace.run.JournalRecord.Synced;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {

    private static final Tally TALLY = new Tally(
            3,
            1,
            4,
            0,
            Duration.ofNanos(123_456_789),
            Duration.ofNanos(456),
            new Usage(1_000_000_007L, 5, 0, 0, 300, 20, 1),
            new Cost(new BigDecimal("0.000123"), 2),
            Cost.of(new BigDecimal("12E+3")));

    private static final Tally CACHE_WRITES =
            new Tally(1, 0, 1, 0, Duration.ZERO, Duration.ZERO, new Usage(9, 1, 7, 2, 5, 4, 0), Cost.ZERO, Cost.ZERO);

    private static final Tally RETRIES =
            new Tally(1, 0, 3, 2, Duration.ZERO, Duration.ZERO, Usage.of(5, 4), Cost.ZERO, Cost.ZERO);

    private static final List<JournalRecord> RECORDS = List.of(
            new RunStarted(1, 3, 1_763_779_447_000L, "steps [a, b] \u00e4\u4e16", "jsonl x"),
            new AttemptStarted(77, new Fingerprint(1, -2, 3, Long.MIN_VALUE), 0, Cost.UNKNOWN),
            new AttemptEnded(77, Delivery.ANSWERED, Usage.of(5, 6), Cost.of(new BigDecimal("0.1"))),
            new Done(RowKey.of("x"), 4711, -1, RowStatus.OK, new Line(Sink.RESULTS, 1L << 40, -7), TALLY),
            new Done(0, 0, 0, RowStatus.SKIPPED, Line.NONE, Tally.ZERO),
            new Done(1, 2, 3, RowStatus.failed(ErrorKind.STEP_FAILED), new Line(Sink.DEAD_LETTERS, 9, 0), Tally.ZERO),
            new Synced(123, 0),
            new Superseded(5, -9),
            new RetryFailed(),
            new Carried(new Totals(
                    1, 2, 3, Cost.UNKNOWN, Usage.of(1, 2), Cost.of(BigDecimal.TEN), Cost.of(BigDecimal.ONE), TALLY)),
            new AttemptEnded(78, Delivery.ANSWERED, CACHE_WRITES.usage(), Cost.ZERO),
            new Done(3, 4, 5, RowStatus.OK, Line.NONE, CACHE_WRITES),
            new Carried(new Totals(1, 2, 3, Cost.ZERO, CACHE_WRITES.usage(), Cost.ZERO, Cost.ZERO, Tally.ZERO)),
            new Carried(new Totals(1, 2, 3, Cost.ZERO, Usage.ZERO, Cost.ZERO, Cost.UNKNOWN, CACHE_WRITES)),
            new Done(3, 4, 5, RowStatus.OK, Line.NONE, RETRIES),
            new Carried(
                    new Totals(1, 2, 3, Cost.ZERO, Usage.ZERO, Cost.ZERO, Cost.UNKNOWN, RETRIES.plus(CACHE_WRITES))),
            new Finished(99));

    @TempDir
    Path directory;

    private Path path() {
        return directory.resolve("journal");
    }

    private List<JournalRecord> read(Path path, JournalReader.End[] end) throws IOException {
        List<JournalRecord> records = new ArrayList<>();
        end[0] = JournalReader.read(path, 0, (record, start) -> records.add(record));
        return records;
    }

    private long write(List<JournalRecord> records) throws IOException {
        try (Journal journal = Journal.open(path(), 0)) {
            for (JournalRecord record : records) {
                journal.append(record);
            }
            return journal.end();
        }
    }

    @Test
    void everyRecord_readsBackEqual() throws IOException {
        long end = write(RECORDS);
        JournalReader.End[] read = new JournalReader.End[1];
        assertThat(read(path(), read)).isEqualTo(RECORDS);
        assertThat(read[0]).isEqualTo(new JournalReader.End(end, 0, false));
        assertThat(Files.size(path())).isEqualTo(end);
    }

    @Test
    void recordWithoutRetries_isWhatItWasBeforeTheyWereCounted() {
        JournalFormat format = new JournalFormat();
        Line line = new Line(Sink.RESULTS, 5, 6);
        int length = format.encode(new Done(1, 2, 3, RowStatus.OK, line, TALLY));
        assertThat(HexFormat.of().formatHex(format.bytes(), 0, length))
                .isEqualTo("020000337abc2f57000000000000000102000000000000000301010500000006030104959aef3ac803"
                        + "8794ebdc0305ac02140102010c7b0001050c");
        format.encode(new Done(1, 2, 3, RowStatus.OK, line, RETRIES));
        assertThat(format.bytes()[0]).isEqualTo((byte) (2 + 32));
    }

    @Test
    void leaf_readsBackEqual() throws IOException {
        Leaf leaf = new Leaf(
                1,
                2,
                3,
                new int[] {0, 3, 2, 200},
                RowStatus.OK,
                new Line(Sink.RESULTS, 5, 6),
                CACHE_WRITES.plus(TALLY).plus(RETRIES));
        write(List.of(leaf));
        Leaf back = (Leaf) read(path(), new JournalReader.End[1]).get(0);
        assertThat(back).usingRecursiveComparison().isEqualTo(leaf);
    }

    @Test
    void cutAnywhere_givesTheWholeRecordsBefore() throws IOException {
        long end = write(RECORDS);
        byte[] whole = Files.readAllBytes(path());
        JournalReader.End[] read = new JournalReader.End[1];
        int last = -1;
        for (int cut = 0; cut <= end; cut++) {
            Files.write(path(), java.util.Arrays.copyOf(whole, cut));
            List<JournalRecord> records = read(path(), read);
            assertThat(records).isEqualTo(RECORDS.subList(0, records.size()));
            assertThat(records.size()).isGreaterThanOrEqualTo(last);
            assertThat(read[0].end() + read[0].cutBytes()).isLessThanOrEqualTo(cut);
            last = records.size();
        }
        assertThat(last).isEqualTo(RECORDS.size());
    }

    @Test
    void anyFlippedBit_endsTheJournalThere() throws IOException {
        long end = write(RECORDS);
        byte[] whole = Files.readAllBytes(path());
        JournalReader.End[] read = new JournalReader.End[1];
        for (int at = 0; at < end; at++) {
            byte[] damaged = whole.clone();
            damaged[at] ^= 1 << at % 8;
            Files.write(path(), damaged);
            List<JournalRecord> records = read(path(), read);
            assertThat(records).hasSizeLessThan(RECORDS.size());
            assertThat(records).isEqualTo(RECORDS.subList(0, records.size()));
            assertThat(read[0].end() + read[0].cutBytes()).isEqualTo(end);
        }
    }

    @Test
    void withoutClose_zerosBehindTheLastRecordAreItsEnd() throws IOException {
        Journal journal = Journal.open(path(), 0);
        for (JournalRecord record : RECORDS) {
            journal.append(record);
        }
        assertThat(Files.size(path())).isGreaterThan(journal.end());
        JournalReader.End[] read = new JournalReader.End[1];
        assertThat(read(path(), read)).isEqualTo(RECORDS);
        assertThat(read[0]).isEqualTo(new JournalReader.End(journal.end(), 0, false));
        journal.close();
    }

    @Test
    void manyChunks_readBackWhole() throws IOException {
        int count = 100_000;
        try (Journal journal = Journal.open(path(), 0)) {
            for (int i = 0; i < count; i++) {
                journal.append(new Synced(i, 1L << i % 60));
                if (i % 10_000 == 0) {
                    journal.sync();
                }
            }
        }
        long[] next = {0};
        JournalReader.read(path(), 0, (record, start) -> record.equals(new Synced(next[0], 1L << next[0]++ % 60)));
        assertThat(next[0]).isEqualTo(count);
    }

    @Test
    void recordLongerThanAChunk_isWritten() throws IOException {
        RunStarted started = new RunStarted(1, 1, 0, "x".repeat(3 << 20), "");
        write(List.of(started, new Finished(1)));
        assertThat(read(path(), new JournalReader.End[1])).containsExactly(started, new Finished(1));
    }

    @Test
    void recordTooLong_isRefusedAndLeavesTheJournalWhole() throws IOException {
        try (Journal journal = Journal.open(path(), 0)) {
            assertThatThrownBy(() -> journal.append(new RunStarted(1, 1, 0, "x".repeat(17 << 20), "")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("too long");
            journal.append(new Finished(1));
        }
        assertThat(read(path(), new JournalReader.End[1])).containsExactly(new Finished(1));
    }

    @Test
    void appendAfterClose_fails() throws IOException {
        Journal journal = Journal.open(path(), 0);
        journal.close();
        journal.close();
        assertThatThrownBy(() -> journal.append(new Finished(1)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void kinds_areToldApartByTheirHash() {
        assertThat(java.util.Arrays.stream(ErrorKind.values())
                        .map(kind -> kind.label().hashCode())
                        .distinct())
                .hasSize(ErrorKind.values().length);
    }
}
