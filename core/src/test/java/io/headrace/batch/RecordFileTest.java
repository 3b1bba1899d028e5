package io.headrace.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.headrace.ApiException;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecordFileTest {

    @TempDir
    Path directory;

    @Test
    void fileCutAtAnyByte_keepsTheRecordsBefore() throws IOException {
        Path path = directory.resolve("records");
        List<Long> offsets = new ArrayList<>();
        try (RecordFile file = RecordFile.open(path, 0)) {
            for (int i = 0; i < 5; i++) {
                offsets.add(file.append(new RecordWriter(i + 1).number(i).text("text " + i)));
            }
            offsets.add(file.end());
        }
        byte[] whole = Files.readAllBytes(path);
        for (int cut = 0; cut <= whole.length; cut++) {
            Files.write(path, Arrays.copyOf(whole, cut));
            List<Integer> types = new ArrayList<>();
            long end = RecordFile.read(path, (in, offset) -> types.add(in.type()));
            assertThat(end).isEqualTo(offsets.get(types.size()));
            assertThat(cut).isGreaterThanOrEqualTo((int) end);
            assertThat(types.size() == 5 || cut < offsets.get(types.size() + 1)).isTrue();
        }
    }

    @Test
    void changedByte_endsTheReadingBeforeItsRecord() throws IOException {
        Path path = directory.resolve("records");
        long second;
        try (RecordFile file = RecordFile.open(path, 0)) {
            file.append(new RecordWriter(1).text("first"));
            second = file.append(new RecordWriter(2).text("second"));
            file.append(new RecordWriter(3).text("third"));
        }
        byte[] whole = Files.readAllBytes(path);
        whole[(int) second + 10] ^= 1;
        Files.write(path, whole);
        assertThat(RecordFile.read(path, (in, offset) -> true)).isEqualTo(second);
        try (RecordFile file = RecordFile.reading(path)) {
            assertThatIOException().isThrownBy(() -> file.at(second)).withMessageContaining("damaged");
        }
    }

    @Test
    void values_areReadAsTheyWereWritten() {
        ApiException error = ApiException.builder(ErrorKind.REFUSED, "no")
                .delivery(Delivery.ANSWERED)
                .isTransient(true)
                .status(418)
                .requestId("req_1")
                .build();
        RecordReader in = new RecordReader(new RecordWriter(300)
                .number(Long.MAX_VALUE)
                .fixed64(-5)
                .text(null)
                .text("")
                .text("grüße")
                .cost(new Cost(new BigDecimal("0.00001234"), 2))
                .cost(new Cost(new BigDecimal("1E+3"), 0))
                .fingerprint(Calls.fingerprint("a"))
                .error(error)
                .bytes());

        assertThat(in.type()).isEqualTo(300);
        assertThat(in.number()).isEqualTo(Long.MAX_VALUE);
        assertThat(in.fixed64()).isEqualTo(-5);
        assertThat(in.textOrNull()).isNull();
        assertThat(in.text()).isEmpty();
        assertThat(in.text()).isEqualTo("grüße");
        assertThat(in.cost()).isEqualTo(new Cost(new BigDecimal("0.00001234"), 2));
        assertThat(in.cost()).isEqualTo(new Cost(new BigDecimal("1E+3"), 0));
        assertThat(in.fingerprint()).isEqualTo(Calls.fingerprint("a"));
        ApiException read = in.error();
        assertThat(read.kind()).isEqualTo(ErrorKind.REFUSED);
        assertThat(read).hasMessage("no");
        assertThat(read.delivery()).isEqualTo(Delivery.ANSWERED);
        assertThat(read.isTransient()).isTrue();
        assertThat(read.status()).hasValue(418);
        assertThat(read.requestId()).contains("req_1");
    }
}
