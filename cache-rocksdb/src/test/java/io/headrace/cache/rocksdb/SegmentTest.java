package io.headrace.cache.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Fingerprint;
import io.headrace.cache.CacheEntryCodec;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SegmentTest {

    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void nameFile() {
        file = folder.resolve("log");
    }

    @Test
    void laterAnswer_takesThePlaceOfTheEarlierOne() throws IOException {
        try (Segment segment = Segment.create(file, 1)) {
            append(segment, 1, value(1, 1));
            append(segment, 1, value(1, 2));
            assertThat(segment.get(Entries.key(1), 0)).isEqualTo(value(1, 2));
            assertThat(segment.inOrder()).hasSize(1);
            assertThat(segment.has(Entries.key(1), 1)).isFalse();
            assertThat(segment.get(Entries.key(2), 0)).isNull();
        }
    }

    @Test
    void keysOfOneHash_areKeptApart() throws IOException {
        try (Segment segment = Segment.create(file, 1)) {
            for (int i = 0; i < 100; i++) {
                segment.append(new Fingerprint(7, 0, 0, i), 0, new byte[] {(byte) i});
            }
            for (int i = 0; i < 100; i++) {
                assertThat(segment.get(new Fingerprint(7, 0, 0, i), 0)).containsExactly(i);
            }
            assertThat(segment.has(new Fingerprint(7, 0, 0, 100), 0)).isFalse();
        }
    }

    @Test
    void order_isThatOfTheKeysAsUnsignedBytes() throws IOException {
        try (Segment segment = Segment.create(file, 1)) {
            for (int i = 0; i < 1_000; i++) {
                append(segment, i, value(i, 1));
            }
            segment.append(new Fingerprint(-1, 0, 0, 0), -1, new byte[0]);
            segment.append(new Fingerprint(-1, 0, 0, 0), 1, new byte[0]);
            List<byte[]> keys = new ArrayList<>();
            for (int at : segment.inOrder()) {
                ByteBuffer key = segment.key(at);
                byte[] bytes = new byte[key.remaining()];
                key.get(bytes);
                keys.add(bytes);
            }
            assertThat(keys).hasSize(1_002).isSortedAccordingTo(Arrays::compareUnsigned);
        }
    }

    @Test
    void recovery_findsWhatWasAppendedInTheLastRound() throws IOException {
        try (Segment segment = Segment.create(file, 1)) {
            for (int i = 0; i < 1_000; i++) {
                append(segment, i, value(i, 1));
            }
            segment.clear(2);
            append(segment, 1, value(1, 2)); // the records behind it are of the first round
            append(segment, 2, value(2, 2));
        }
        try (Segment recovered = Segment.recover(file)) {
            assertThat(recovered.round()).isEqualTo(2);
            assertThat(recovered.inOrder()).hasSize(2);
            assertThat(recovered.get(Entries.key(2), 0)).isEqualTo(value(2, 2));
        }
    }

    @Test
    void keptSegment_isWhole_andGoesOn() throws IOException {
        Segment segment = Segment.create(file, 1);
        append(segment, 1, value(1, 1));
        segment.clear(2);
        append(segment, 2, value(2, 1));
        segment.append(Entries.key(3), 0, Segment.REMOVED);
        segment.keep();
        try (Segment again = Segment.recover(file)) {
            assertThat(again.isWhole()).isTrue();
            assertThat(again.round()).isEqualTo(2);
            append(again, 4, value(4, 1));
            assertThat(again.inOrder()).hasSize(3);
            assertThat(again.get(Entries.key(2), 0)).isEqualTo(value(2, 1));
            assertThat(again.get(Entries.key(3), 0)).isEmpty();
            assertThat(again.has(Entries.key(1), 0)).isFalse();
        }
        try (Segment crashed = Segment.recover(file)) {
            assertThat(crashed.isWhole()).isFalse();
            assertThat(crashed.inOrder()).hasSize(3);
            assertThat(crashed.get(Entries.key(4), 0)).isEqualTo(value(4, 1));
        }
    }

    @Test
    void keptSegmentThatWasCutOrLengthened_isNotWhole() throws IOException {
        for (int change : new int[] {-1, 1, 100}) {
            Segment segment = Segment.create(file, 1);
            append(segment, 1, value(1, 1));
            append(segment, 2, value(2, 1));
            segment.keep();
            try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
                bytes.setLength(bytes.length() + change);
            }
            try (Segment changed = Segment.recover(file)) {
                assertThat(changed.isWhole()).isFalse();
                assertThat(changed.get(Entries.key(1), 0)).isEqualTo(value(1, 1));
            }
        }
    }

    @Test
    void damagedRecord_isAbsent_andThoseBehindItAreThere() throws IOException {
        try (Segment segment = Segment.create(file, 1)) {
            append(segment, 1, value(1, 1));
            append(segment, 2, value(2, 1));
        }
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(100);
            int old = bytes.read();
            bytes.seek(100);
            bytes.write(old ^ 1);
        }
        try (Segment recovered = Segment.recover(file)) {
            assertThat(recovered.has(Entries.key(1), 0)).isFalse();
            assertThat(recovered.get(Entries.key(2), 0)).isEqualTo(value(2, 1));
        }
    }

    @Test
    void fileOfAnyLength_canBeRecovered() throws IOException {
        for (int length = 0; length < 300; length += 7) {
            try (Segment segment = Segment.create(file, 1)) {
                append(segment, 1, value(1, 1));
                append(segment, 2, value(2, 1));
            }
            try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
                bytes.setLength(length);
            }
            try (Segment recovered = Segment.recover(file)) {
                assertThat(recovered.inOrder()).hasSizeLessThan(2);
            }
        }
    }

    @Test
    void room_endsWithTheBytesAndWithTheEntries() throws IOException {
        try (Segment segment = Segment.create(file, 1)) {
            assertThat(segment.hasRoomFor(Segment.BYTES)).isFalse();
            assertThat(Segment.canHold(Segment.BYTES)).isFalse();
            assertThat(segment.hasRoomFor(Segment.BYTES - 100)).isTrue();
            byte[] large = new byte[Segment.BYTES - 100];
            segment.append(Entries.key(1), 0, large);
            assertThat(segment.get(Entries.key(1), 0)).isEqualTo(large);
            assertThat(segment.hasRoomFor(1)).isFalse();
            segment.clear(2);
            int count = 0;
            while (segment.hasRoomFor(1)) {
                segment.append(new Fingerprint(count, 0, 0, 0), 0, new byte[1]);
                count++;
            }
            assertThat(count).isGreaterThan(10_000);
            assertThat(segment.get(new Fingerprint(count - 1, 0, 0, 0), 0)).hasSize(1);
        }
    }

    private static void append(Segment segment, int number, byte[] value) throws IOException {
        segment.append(Entries.key(number), 0, value);
    }

    private static byte[] value(int number, int version) {
        return CacheEntryCodec.encode(Entries.key(number), 0, Entries.entry(number * 10 + version));
    }
}
