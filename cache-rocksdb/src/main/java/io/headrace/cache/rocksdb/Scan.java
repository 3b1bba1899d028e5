package io.headrace.cache.rocksdb;

import io.headrace.cache.StoredEntry;
import java.io.Closeable;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Snapshot;

/**
 * One reading of everything: first the answers of segments that stand in front of the database, then those of the database as
 * it was when this was made. A part of the database that cannot be read is told as one damaged record, and the reading goes
 * on at the first key behind it. For one reader; {@link #close} is for any thread.
 */
final class Scan implements Closeable {

    private static final long STEPS_AN_ENTRY = 4;
    private static final BigInteger END = BigInteger.ONE.shiftLeft(Byte.SIZE * EntryKeys.BYTES);

    private final List<Segment> segments;
    private final Consumer<Scan> onClose;
    private final ReadOptions reading;
    private final RocksDB rocks;
    private final Snapshot snapshot;
    private RocksIterator rows;
    private final BigInteger longestStep;

    /** From where nothing was read yet, as a number. */
    private BigInteger from = BigInteger.ZERO;

    private int segment;
    private int @Nullable [] places;
    private int place;
    private boolean closed;

    /**
     * @param entries about how many there are
     * @param segments hold later answers than the database and change no more, the later ones first
     * @param onClose told once
     */
    Scan(RocksDB rocks, long entries, List<Segment> segments, Consumer<Scan> onClose) {
        this.segments = segments;
        this.longestStep = END.divide(BigInteger.valueOf(STEPS_AN_ENTRY * Math.max(1, entries)));
        this.onClose = onClose;
        this.rocks = rocks;
        this.snapshot = rocks.getSnapshot();
        this.reading = new ReadOptions().setFillCache(false).setSnapshot(snapshot);
        this.rows = rocks.newIterator(reading);
        this.rows.seekToFirst();
    }

    /**
     * The next record; null after the last.
     *
     * @throws IllegalStateException if this is closed
     */
    synchronized @Nullable StoredEntry next() {
        if (closed) {
            throw new IllegalStateException("the cache was closed while it was read");
        }
        StoredEntry recent = nextRecent();
        return recent == null ? nextRow() : recent;
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            rows.close();
            reading.close();
            rocks.releaseSnapshot(snapshot);
        }
        onClose.accept(this);
    }

    private @Nullable StoredEntry nextRecent() {
        for (; segment < segments.size(); segment++, places = null) {
            Segment here = segments.get(segment);
            if (places == null) {
                places = here.inOrder();
                place = 0;
            }
            while (place < places.length) {
                int at = places[place++];
                StoredEntry entry = isReplaced(here.key(at), segment) ? null : here.entry(at);
                if (entry != null) {
                    return entry;
                }
            }
            if (place++ == places.length && here.lost() != null) {
                return here.lost();
            }
        }
        return null;
    }

    private @Nullable StoredEntry nextRow() {
        while (rows.isValid()) {
            byte[] key = rows.key();
            byte[] value = rows.value();
            rows.next();
            from = number(key).add(BigInteger.ONE);
            if (key.length != EntryKeys.BYTES || !isReplaced(ByteBuffer.wrap(key), segments.size())) {
                return StoredRecords.of(key, value);
            }
        }
        RocksDBException problem = problem();
        if (problem == null || from.compareTo(END) >= 0) {
            return null;
        }
        skip();
        return new StoredEntry.Damaged(null, 0, "a part of the database cannot be read: " + problem.getMessage());
    }

    /** Whether one of the first so many segments has a later record of that key. */
    private boolean isReplaced(ByteBuffer key, int count) {
        for (int i = 0; i < count; i++) {
            if (segments.get(i).has(key)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Goes to the first key that can be read, because the iterator stops for good at one that cannot. Looks near by first, for
     * samples of the same request, then in steps shorter than the usual distance of two keys, to find what can be read between two
     * damaged places.
     */
    private void skip() {
        BigInteger unreadable = from;
        BigInteger step = BigInteger.ONE;
        BigInteger readable = from.add(step);
        while (readable.compareTo(END) < 0 && !canRead(readable)) {
            unreadable = readable;
            step = step.shiftLeft(1).min(longestStep);
            readable = readable.add(step);
        }
        readable = readable.min(END);
        while (readable.subtract(unreadable).compareTo(BigInteger.ONE) > 0) {
            BigInteger middle = readable.add(unreadable).shiftRight(1);
            if (canRead(middle)) {
                readable = middle;
            } else {
                unreadable = middle;
            }
        }
        canRead(readable);
        from = readable;
    }

    /** Whether reading can go on at {@code at}, where the iterator then stands; the end of all keys can always be read. */
    private boolean canRead(BigInteger at) {
        rows.close(); // one that failed once may fail again where it need not
        rows = rocks.newIterator(reading);
        rows.seek(key(at));
        return rows.isValid() || problem() == null;
    }

    private @Nullable RocksDBException problem() {
        try {
            rows.status();
            return null;
        } catch (RocksDBException e) {
            return e;
        }
    }

    private static BigInteger number(byte[] key) {
        return new BigInteger(1, key);
    }

    /** The key of that number; above all keys for {@link #END}. */
    private static byte[] key(BigInteger number) {
        byte[] key = new byte[EntryKeys.BYTES + 1];
        if (number.equals(END)) {
            Arrays.fill(key, (byte) -1);
            return key;
        }
        byte[] digits = number.toByteArray(); // a zero may come first
        int length = Math.min(digits.length, EntryKeys.BYTES);
        System.arraycopy(digits, digits.length - length, key, EntryKeys.BYTES - length, length);
        return Arrays.copyOf(key, EntryKeys.BYTES);
    }
}
