package io.headrace.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.headrace.Cost;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class CacheEntryCodecTest {

    private static final Fingerprint KEY = new Fingerprint(1, 2, 3, 4);

    private static final CacheEntry ENTRY = new CacheEntry(
            "answer".getBytes(StandardCharsets.UTF_8),
            true,
            new Usage(1, 2, 0, 0, 3, 4, 5),
            new Cost(new BigDecimal("0.00045"), 1),
            "gpt",
            "",
            Instant.ofEpochMilli(1_790_000_000_123L),
            List.of(new CallKey.FieldDigest("a", 7), new CallKey.FieldDigest("b", -7)));

    @Test
    void entry_comesBackWhole() {
        CacheEntry read = CacheEntryCodec.decode(KEY, 5, CacheEntryCodec.encode(KEY, 5, ENTRY));
        assertThat(read).usingRecursiveComparison().isEqualTo(ENTRY);
    }

    @Test
    void goldenBytes_neverChange() {
        String golden =
                "0101000001a0c4506c7b00000000000000010000000000000002000000000000000300000000000000040000000000000005000000000000000100000005000000012d0000000367707400000002000000016100000000000000070000000162fffffffffffffff900000006616e73776572f24f9b4b";
        assertThat(HexFormat.of().formatHex(CacheEntryCodec.encode(KEY, 5, ENTRY)))
                .isEqualTo(golden);
        assertThat(CacheEntryCodec.decode(KEY, 5, HexFormat.of().parseHex(golden)))
                .usingRecursiveComparison()
                .isEqualTo(ENTRY);
    }

    @Test
    void tokensWrittenToAPromptCache_comeBackInTheirOwnFormat() {
        CacheEntry entry = new CacheEntry(
                ENTRY.answer(),
                false,
                new Usage(1, 2, 3, 4, 5, 6, 7),
                ENTRY.cost(),
                ENTRY.model(),
                ENTRY.namespace(),
                ENTRY.storedAt(),
                ENTRY.fields());
        byte[] bytes = CacheEntryCodec.encode(KEY, 5, entry);
        assertThat(CacheEntryCodec.decode(KEY, 5, bytes))
                .usingRecursiveComparison()
                .isEqualTo(entry);
        assertThat(HexFormat.of().formatHex(bytes))
                .startsWith("0200")
                .hasSize(2 * (CacheEntryCodec.encode(KEY, 5, ENTRY).length + 16));
    }

    @Test
    void namespace_comesBackInItsOwnFormat() {
        CacheEntry entry = new CacheEntry(
                ENTRY.answer(),
                true,
                ENTRY.usage(),
                ENTRY.cost(),
                ENTRY.model(),
                "sweep/\u00e4",
                ENTRY.storedAt(),
                ENTRY.fields());
        byte[] bytes = CacheEntryCodec.encode(KEY, 5, entry);
        assertThat(CacheEntryCodec.decode(KEY, 5, bytes))
                .usingRecursiveComparison()
                .isEqualTo(entry);
        assertThat(HexFormat.of().formatHex(bytes)).startsWith("0301");
    }

    @Test
    void everyFlippedBit_isNoticed() {
        byte[] bytes = CacheEntryCodec.encode(KEY, 5, ENTRY);
        for (int bit = 0; bit < 8 * bytes.length; bit++) {
            byte[] damaged = bytes.clone();
            damaged[bit / 8] ^= (byte) (1 << bit % 8);
            assertThatIllegalArgumentException().isThrownBy(() -> CacheEntryCodec.decode(KEY, 5, damaged));
        }
    }

    @Test
    void everyCut_isNoticed() {
        byte[] bytes = CacheEntryCodec.encode(KEY, 5, ENTRY);
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatIllegalArgumentException().isThrownBy(() -> CacheEntryCodec.decode(KEY, 5, cut));
        }
    }

    @Test
    void entryUnderAnotherKey_isNoticed() {
        byte[] bytes = CacheEntryCodec.encode(KEY, 5, ENTRY);
        assertThatIllegalArgumentException().isThrownBy(() -> CacheEntryCodec.decode(KEY, 6, bytes));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CacheEntryCodec.decode(new Fingerprint(1, 2, 3, 5), 5, bytes));
    }

    @Test
    void laterVersion_isRefusedByName() {
        byte[] bytes = CacheEntryCodec.encode(KEY, 5, ENTRY);
        bytes[0] = 4;
        seal(bytes);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CacheEntryCodec.decode(KEY, 5, bytes))
                .withMessageContaining("format 4");
    }

    /** Bytes that no version wrote, with a right checksum: an error, and never a crash or a huge allocation. */
    @Test
    void impossibleLengths_areRefused() {
        byte[] bytes = CacheEntryCodec.encode(KEY, 5, ENTRY);
        for (int at = 1; at < bytes.length - 8; at++) {
            byte[] damaged = bytes.clone();
            ByteBuffer.wrap(damaged).putInt(at, 0x7fff_ffff);
            seal(damaged);
            try {
                CacheEntryCodec.decode(KEY, 5, damaged);
            } catch (IllegalArgumentException expected) {
                assertThat(expected).hasMessageNotContaining("answer");
            }
        }
    }

    private static void seal(byte[] bytes) {
        CRC32C checksum = new CRC32C();
        checksum.update(KEY.toBytes());
        checksum.update(new byte[] {0, 0, 0, 5});
        checksum.update(bytes, 0, bytes.length - 4);
        ByteBuffer.wrap(bytes).putInt(bytes.length - 4, (int) checksum.getValue());
    }
}
