package io.headrace.cache.rocksdb;

import io.headrace.Fingerprint;
import io.headrace.cache.CacheEntryCodec;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A file of new answers, mapped into memory, and an index of them. An append is a copy into memory that the operating system
 * owns: it survives the death of the process when it returns, and makes no system call but one for every 256 KB.
 *
 * <p>It is filled over and over, for a mapping goes away only with a garbage collection: each record bears the number of its
 * round, and what bears another one is not there. Not thread-safe, but {@link #force} may run beside the rest.
 */
final class Segment implements Closeable {

    static final int BYTES = 16 << 20;

    private static final int MAX_ENTRIES = 1 << 15;
    private static final int SLOTS = 2 * MAX_ENTRIES;

    /** Written with zeros before it is used: a full disk is then an exception, and not a signal that kills the process. */
    private static final int FILL_BYTES = 256 << 10;

    // a file is the number of its round and records; a record is its round, length, key and value
    private static final int FIRST = Long.BYTES;
    private static final int LENGTH = Long.BYTES;
    private static final int KEY = LENGTH + Integer.BYTES;
    private static final int VALUE = KEY + EntryKeys.BYTES;

    private final FileChannel file;
    private final MappedByteBuffer bytes;

    /** Where records start, by their keys, with linear probing; 0 for none. */
    private final int[] slots = new int[SLOTS];

    private int entries;
    private int end = FIRST;
    private int filled;
    private long round;

    private Segment(FileChannel file) throws IOException {
        this.file = file;
        this.bytes = file.map(MapMode.READ_WRITE, 0, BYTES);
    }

    /** An empty segment in a new file, in place of the one that may be there. */
    static Segment create(Path path, long round) throws IOException {
        FileChannel file = FileChannel.open(
                path,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        try {
            Segment segment = new Segment(file);
            segment.clear(round);
            return segment;
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** What a process that died has left in {@code path}; to be read only. */
    static Segment recover(Path path) throws IOException {
        FileChannel file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            Segment segment = new Segment(file);
            segment.replay();
            return segment;
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** Rounds count up from 1 over all segments of a cache: the higher one holds the later answers. */
    long round() {
        return round;
    }

    boolean isEmpty() {
        return entries == 0;
    }

    /** Whether an answer of so many bytes goes into an empty segment. */
    static boolean canHold(int length) {
        return length <= BYTES - FIRST - VALUE;
    }

    boolean hasRoomFor(int length) {
        return entries < MAX_ENTRIES && length <= BYTES - end - VALUE;
    }

    /** Adds an answer, which there must be room for, in place of one already there. */
    void append(Fingerprint fingerprint, int sample, byte[] value) throws IOException {
        int at = end;
        int next = at + VALUE + value.length;
        fill(next);
        bytes.putInt(at + LENGTH, value.length);
        bytes.putLong(at + KEY, fingerprint.a());
        bytes.putLong(at + KEY + 8, fingerprint.b());
        bytes.putLong(at + KEY + 16, fingerprint.c());
        bytes.putLong(at + KEY + 24, fingerprint.d());
        bytes.putInt(at + KEY + 32, sample);
        bytes.put(at + VALUE, value);
        bytes.putLong(at, round);
        end = next;
        index(fingerprint, sample, at);
    }

    boolean has(Fingerprint fingerprint, int sample) {
        return slots[slot(fingerprint, sample)] != 0;
    }

    /** The answer's bytes; null if it is not here. */
    byte @Nullable [] get(Fingerprint fingerprint, int sample) {
        int at = slots[slot(fingerprint, sample)];
        if (at == 0) {
            return null;
        }
        byte[] value = new byte[length(at)];
        bytes.get(at + VALUE, value);
        return value;
    }

    /** Where the answers stand, in the order of their keys as bytes. */
    int[] inOrder() {
        long[] starts = new long[entries]; // the first 39 bits of the key, then the place
        int count = 0;
        for (int at : slots) {
            if (at != 0) {
                starts[count++] = bytes.getLong(at + KEY) >>> 25 << 24 | at;
            }
        }
        Arrays.sort(starts);
        int[] places = new int[count];
        for (int i = 0; i < count; i++) {
            int at = (int) starts[i] & (BYTES - 1);
            int to = i;
            for (; to > 0 && compareKeys(places[to - 1], at) > 0; to--) { // hardly ever: the first bits tell
                places[to] = places[to - 1];
            }
            places[to] = at;
        }
        return places;
    }

    /** The key of the answer at a place of {@link #inOrder}. */
    ByteBuffer key(int at) {
        return bytes.slice(at + KEY, EntryKeys.BYTES);
    }

    ByteBuffer value(int at) {
        return bytes.slice(at + VALUE, length(at));
    }

    /** Forgets everything and begins another round. */
    void clear(long nextRound) throws IOException {
        Arrays.fill(slots, 0);
        entries = 0;
        end = FIRST;
        round = nextRound;
        fill(FIRST);
        bytes.putLong(0, nextRound);
    }

    /** Makes what was appended or cleared so far survive the loss of power. */
    void force() {
        bytes.force();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    private void replay() {
        round = bytes.getLong(0);
        while (round > 0 && end + VALUE < BYTES && bytes.getLong(end) == round) {
            int at = end;
            int length = length(at);
            if (length < 0 || length > BYTES - at - VALUE) {
                return;
            }
            end = at + VALUE + length;
            int key = at + KEY;
            Fingerprint fingerprint = new Fingerprint(
                    bytes.getLong(key), bytes.getLong(key + 8), bytes.getLong(key + 16), bytes.getLong(key + 24));
            byte[] value = new byte[length];
            bytes.get(at + VALUE, value);
            try {
                CacheEntryCodec.decode(fingerprint, bytes.getInt(key + 32), value);
                index(fingerprint, bytes.getInt(key + 32), at);
            } catch (IllegalArgumentException e) {
                RocksDbCache.LOG.warn("an answer in the log of the cache counts as absent: {}", e.getMessage());
            }
        }
    }

    private int length(int at) {
        return bytes.getInt(at + LENGTH);
    }

    private void index(Fingerprint fingerprint, int sample, int at) {
        int slot = slot(fingerprint, sample);
        if (slots[slot] == 0) {
            entries++;
        }
        slots[slot] = at;
    }

    /** Where the key stands in the index, or would. */
    private int slot(Fingerprint fingerprint, int sample) {
        int slot = (fingerprint.hashCode() + sample) & (SLOTS - 1);
        while (slots[slot] != 0 && !isAt(slots[slot] + KEY, fingerprint, sample)) {
            slot = (slot + 1) & (SLOTS - 1);
        }
        return slot;
    }

    private int compareKeys(int a, int b) {
        int order = 0;
        for (int part = KEY; part < VALUE && order == 0; part += Integer.BYTES) {
            order = Integer.compareUnsigned(bytes.getInt(a + part), bytes.getInt(b + part));
        }
        return order;
    }

    private boolean isAt(int key, Fingerprint fingerprint, int sample) {
        return bytes.getLong(key) == fingerprint.a()
                && bytes.getLong(key + 8) == fingerprint.b()
                && bytes.getLong(key + 16) == fingerprint.c()
                && bytes.getLong(key + 24) == fingerprint.d()
                && bytes.getInt(key + 32) == sample;
    }

    private void fill(int upTo) throws IOException {
        while (filled < upTo) {
            ByteBuffer zeros = ByteBuffer.allocate(Math.min(FILL_BYTES, BYTES - filled));
            while (zeros.hasRemaining()) {
                file.write(zeros, filled + zeros.position());
            }
            filled += zeros.capacity();
        }
    }
}
