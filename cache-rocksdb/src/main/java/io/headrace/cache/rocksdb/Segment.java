package io.headrace.cache.rocksdb;

import io.headrace.Fingerprint;
import io.headrace.cache.CacheEntryCodec;
import io.headrace.cache.StoredEntry;
import io.headrace.files.FilePlace;
import io.headrace.files.Zeros;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A file of new answers, mapped into memory, and an index of them. An append is a copy into memory that the operating system
 * owns: it survives the death of the process when it returns, and makes no system call but one for every 256 KB.
 *
 * <p>It is filled over and over, because a mapping goes away only with a garbage collection. Each record bears the number of its
 * round; a record of another round does not count. A record without a value says that its answer was removed. Not thread-safe, but
 * {@link #force} may run beside the rest.
 */
final class Segment implements Closeable {

    static final int BYTES = 16 << 20;

    /** The value of an answer that was removed. */
    static final byte[] REMOVED = {};

    private static final int MAX_ENTRIES = 1 << 15;
    private static final int SLOTS = 2 * MAX_ENTRIES;

    /** Filled with {@link Zeros} at a time. */
    private static final int FILL_BYTES = 256 << 10;

    // a file is the number of its round and records; a record is its round, length, key and value
    private static final int FIRST = Long.BYTES;
    private static final int LENGTH = Long.BYTES;
    private static final int KEY = LENGTH + Integer.BYTES;
    private static final int VALUE = KEY + EntryKeys.BYTES;

    private final Path path;
    private final @Nullable FileChannel file;
    private final @Nullable FilePlace place;
    private final ByteBuffer bytes;

    /** Where records start, by their keys, with linear probing; 0 for none. */
    private final int[] slots = new int[SLOTS];

    private int entries;
    private int end = FIRST;
    private int filled;
    private long round;
    private boolean whole;
    private boolean cut;

    private Segment(Path path, FileChannel file) throws IOException {
        this.path = path;
        this.file = file;
        this.place = FilePlace.of(path);
        this.bytes = file.map(MapMode.READ_WRITE, 0, BYTES);
    }

    private Segment(Path path, ByteBuffer bytes) {
        this.path = path;
        this.file = null;
        this.place = null;
        this.bytes = bytes;
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
            Segment segment = new Segment(path, file);
            segment.clear(round);
            return segment;
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** What another process has left in {@code path}; to be read only, unless it {@link #isWhole}. */
    static Segment recover(Path path) throws IOException {
        FileChannel file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            long length = file.size();
            Segment segment = new Segment(path, file);
            segment.replay(length);
            return segment;
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /**
     * A copy on the heap of what is in {@code path} now, for reading only. Another process may write there meanwhile; the record that
     * it is just writing is left out.
     */
    static Segment copy(Path path) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES);
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
            while (bytes.hasRemaining() && file.read(bytes) >= 0) {
                // the next part
            }
        }
        int length = bytes.position();
        Segment all = new Segment(path, bytes.clear());
        all.replay(length);
        Segment used = new Segment(path, ByteBuffer.allocate(all.end).put(0, bytes, 0, all.end));
        used.end = all.end;
        used.cut = all.cut;
        used.round = all.round;
        used.entries = all.entries;
        System.arraycopy(all.slots, 0, used.slots, 0, SLOTS);
        return used;
    }

    Path path() {
        return path;
    }

    /** Whether its file was left by {@link #keep} and nothing of it is lost, so that it can be appended to again. */
    boolean isWhole() {
        return whole;
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

    /** Whether there is an answer here or the word that it was removed. */
    boolean has(Fingerprint fingerprint, int sample) {
        return slots[slot(fingerprint, sample)] != 0;
    }

    /** The same by a key of the database. */
    boolean has(ByteBuffer key) {
        return has(new Fingerprint(key.getLong(0), key.getLong(8), key.getLong(16), key.getLong(24)), key.getInt(32));
    }

    /** The answer's bytes, {@link #REMOVED} if it was removed; null if nothing is known of it here. */
    byte @Nullable [] get(Fingerprint fingerprint, int sample) {
        int at = slots[slot(fingerprint, sample)];
        if (at == 0) {
            return null;
        }
        return bytes(at);
    }

    /** Where the answers and removals stand, in the order of their keys as bytes. */
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
            for (; to > 0 && starts[to - 1] >>> 24 == starts[i] >>> 24 && compareKeys(places[to - 1], at) > 0; to--) {
                places[to] = places[to - 1]; // hardly ever: the first bits tell
            }
            places[to] = at;
        }
        return places;
    }

    /** Whose answer stands at a place of {@link #inOrder}. */
    Fingerprint fingerprint(int at) {
        int key = at + KEY;
        return new Fingerprint(
                bytes.getLong(key), bytes.getLong(key + 8), bytes.getLong(key + 16), bytes.getLong(key + 24));
    }

    int sample(int at) {
        return bytes.getInt(at + KEY + 32);
    }

    /** Both as a key of the database. */
    ByteBuffer key(int at) {
        return bytes.slice(at + KEY, EntryKeys.BYTES);
    }

    byte[] keyBytes(int at) {
        byte[] key = new byte[EntryKeys.BYTES];
        bytes.get(at + KEY, key);
        return key;
    }

    boolean isRemoved(int at) {
        return length(at) == 0;
    }

    ByteBuffer value(int at) {
        return bytes.slice(at + VALUE, length(at));
    }

    /** What is filed at a place of {@link #inOrder}; null if it was removed. */
    @Nullable
    StoredEntry entry(int at) {
        return length(at) == 0 ? null : StoredRecords.of(fingerprint(at), sample(at), bytes(at));
    }

    /** What is behind the last record that can be read, where there must be more; null if nothing is. */
    @Nullable
    StoredEntry lost() {
        return cut
                ? new StoredEntry.Damaged(null, 0, path.getFileName() + " is damaged from byte " + end + " on")
                : null;
    }

    /** How many answers and removals. */
    int entries() {
        return entries;
    }

    /** How much of the file is used. */
    int usedBytes() {
        return end - FIRST;
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

    /**
     * Looks whether the file is still there, as long as it was made.
     *
     * @throws NoSuchFileException if somebody has deleted, moved, replaced or shortened it
     */
    void requireInPlace() throws IOException {
        if (place != null) {
            place.require(BYTES);
        }
    }

    /** Makes what was appended or cleared so far survive the loss of power. */
    void force() {
        if (bytes instanceof MappedByteBuffer mapped) {
            mapped.force();
        }
    }

    /**
     * Closes it for another start: what was appended survives the loss of power, and the file becomes as long as that, by which it is
     * known to be whole.
     */
    void keep() throws IOException {
        force();
        try (FileChannel kept = Objects.requireNonNull(file)) {
            kept.truncate(end).force(true);
        }
    }

    @Override
    public void close() throws IOException {
        if (file != null) {
            file.close();
        }
    }

    /** A file in use is mapped, so it is longer than its records. */
    private void replay(long fileLength) {
        round = bytes.getLong(0);
        findEnd();
        whole = end == fileLength;
        if (end < fileLength && fileLength < BYTES) { // cut to its records once
            cut = true;
            RocksDbCache.LOG.warn("answers count as absent: {} is damaged from byte {} on", path, end);
        }
        filled = end;
        for (int at = FIRST; at < end; at += VALUE + length(at)) {
            if (whole || isSound(at)) {
                index(fingerprint(at), sample(at), at);
            }
        }
    }

    private void findEnd() {
        while (round > 0 && end + VALUE < BYTES && bytes.getLong(end) == round) {
            int length = length(end);
            if (length < 0 || length > BYTES - end - VALUE) {
                return;
            }
            end += VALUE + length;
        }
    }

    private boolean isSound(int at) {
        try {
            if (!isRemoved(at)) {
                CacheEntryCodec.decode(fingerprint(at), sample(at), bytes(at));
            }
            return true;
        } catch (IllegalArgumentException e) {
            RocksDbCache.LOG.warn("an answer in the log of the cache counts as absent: {}", e.getMessage());
            return false;
        }
    }

    private byte[] bytes(int at) {
        byte[] value = new byte[length(at)];
        bytes.get(at + VALUE, value);
        return value;
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
        FileChannel file = Objects.requireNonNull(this.file);
        while (filled < upTo) {
            int next = Math.min(BYTES, filled + FILL_BYTES);
            Zeros.write(file, filled, next);
            filled = next;
        }
    }
}
