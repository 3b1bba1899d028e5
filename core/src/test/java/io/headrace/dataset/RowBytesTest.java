package io.headrace.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.headrace.Outcome;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Digest, encoding and row borders, against known answers and simpler code. */
class RowBytesTest {

    @Test
    void xxh64_givesTheAnswersOfItsSpecification() {
        assertThat(hash("")).isEqualTo(0xEF46DB3751D8E999L);
        assertThat(hash("a")).isEqualTo(0xD24EC4F1A98C6E5BL);
        assertThat(hash("abc")).isEqualTo(0x44BC2CF5AD770999L);
        assertThat(hash("Nobody inspects the spammish repetition")).isEqualTo(0xFBCEA83C8A378BF1L);
    }

    @Test
    void xxh64_readsOnlyItsRange() {
        byte[] bytes = "..abc..".getBytes(StandardCharsets.UTF_8);
        assertThat(Xxh64.of(bytes, 2, 5)).isEqualTo(hash("abc"));
    }

    @Test
    void utf8_agreesWithTheDecoderOfTheJdk() {
        Random random = new Random(1);
        byte[] alphabet = {
            'a',
            (byte) 0x80,
            (byte) 0xBF,
            (byte) 0xC0,
            (byte) 0xC3,
            (byte) 0xE0,
            (byte) 0xA0,
            (byte) 0xED,
            (byte) 0x9F,
            (byte) 0xF0,
            (byte) 0x90,
            (byte) 0xF4,
            (byte) 0x8F,
            (byte) 0xF5
        };
        for (int i = 0; i < 50_000; i++) {
            byte[] bytes = new byte[random.nextInt(12)];
            for (int k = 0; k < bytes.length; k++) {
                bytes[k] = alphabet[random.nextInt(alphabet.length)];
            }
            boolean isValid = Utf8.firstInvalid(bytes, 0, bytes.length) < 0;
            if (isValid != decodes(bytes)) {
                fail("disagree about " + HexFormat.of().formatHex(bytes));
            }
        }
    }

    @Test
    void splitter_agreesWithSplittingAString_howeverTheBytesArrive() throws IOException {
        Random random = new Random(2);
        for (int i = 0; i < 300; i++) {
            StringBuilder text = new StringBuilder();
            for (int k = random.nextInt(200); k > 0; k--) {
                text.append(
                        random.nextInt(4) == 0
                                ? (random.nextBoolean() ? "\n" : "\r\n")
                                : "x".repeat(random.nextInt(9)));
            }
            List<String> expected = new ArrayList<>();
            for (String line : text.toString().split("\r?\n")) {
                if (!line.isBlank()) {
                    expected.add(line);
                }
            }
            assertThat(rows(RowSplitter.lines(dripping(text.toString(), random), 1 << 20)))
                    .isEqualTo(expected);
        }
    }

    @Test
    void anyBytesAtAll_giveRowsAndNeverAnError() throws IOException {
        Random random = new Random(3);
        byte[] alphabet = "{}[]\":,\\ud8\n\r\"a1 \t\0\u00e9".getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < 3_000; i++) {
            byte[] bytes = new byte[random.nextInt(120)];
            int lines = 1;
            for (int k = 0; k < bytes.length; k++) {
                bytes[k] = alphabet[random.nextInt(alphabet.length)];
                lines += bytes[k] == '\n' ? 1 : 0;
            }
            List<Outcome<String>> rows =
                    read(RowSplitter.lines(new ByteArrayInputStream(bytes), 64), JsonRows.texts("a", "u"));
            assertThat(rows).hasSizeLessThanOrEqualTo(lines);
            byte[] csv =
                    ("a,b\n" + new String(bytes, StandardCharsets.ISO_8859_1)).getBytes(StandardCharsets.ISO_8859_1);
            List<Outcome<String>> cells =
                    read(RowSplitter.csv(new ByteArrayInputStream(csv), 64, ','), CsvRows.texts(',', null, "b"));
            assertThat(cells).hasSizeLessThanOrEqualTo(lines);
        }
    }

    private static List<Outcome<String>> read(RowSplitter rows, RowParser<String> parser) throws IOException {
        List<Outcome<String>> all = new ArrayList<>();
        RowReader<String> reader = new RowReader<>("fuzz", rows, parser, 64, 0);
        for (List<Outcome<String>> batch = reader.next(); !batch.isEmpty(); batch = reader.next()) {
            all.addAll(batch);
        }
        return all;
    }

    private static List<String> rows(RowSplitter splitter) throws IOException {
        List<String> rows = new ArrayList<>();
        while (splitter.next()) {
            rows.add(new String(
                    splitter.bytes(), splitter.from(), splitter.to() - splitter.from(), StandardCharsets.UTF_8));
        }
        return rows;
    }

    /** Gives a few bytes at a time. */
    private static InputStream dripping(String text, Random random) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)) {
            @Override
            public synchronized int read(byte[] b, int off, int len) {
                return super.read(b, off, Math.min(len, 1 + random.nextInt(7)));
            }
        };
    }

    private static long hash(String text) {
        return Xxh64.of(text.getBytes(StandardCharsets.UTF_8));
    }

    private static boolean decodes(byte[] bytes) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }
}
