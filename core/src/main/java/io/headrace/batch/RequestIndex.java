package io.headrace.batch;

import io.headrace.files.MappedPages;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.function.LongUnaryOperator;

/**
 * A table from keys to values, both of 56 bits, in 14 bytes each and off the heap: linear probing in the order of the keys, load 0.9 to
 * 0.95, so at most 16 bytes a request. A value whose state is {@link #FORGOTTEN} is left out when the table grows. Not
 * thread-safe.
 */
final class RequestIndex implements Closeable {

    /** The low bits of a value that say whether anybody needs it. Zero is an empty slot. */
    static final int STATE_BITS = 4;

    static final int FORGOTTEN = 15;

    private static final int SLOT_BYTES = 14;
    private static final int SLOTS_A_PAGE = 1 << 14;
    /** Slots behind the last home, instead of going round. */
    private static final int SPILL = 1 << 12;

    private static final double MAX_LOAD = 0.95;
    private static final double GROWTH = 1.055;
    private static final long LOW_56 = (1L << 56) - 1;

    private MappedPages table;
    private MappedPages spare;
    private int slots = SLOTS_A_PAGE - SPILL;
    private int size;

    private RequestIndex(MappedPages table, MappedPages spare) {
        this.table = table;
        this.spare = spare;
    }

    /** An empty table whose temporary files lie in {@code directory}. */
    @SuppressWarnings("MustBeClosedChecker") // closed with the index
    static RequestIndex create(Path directory) throws IOException {
        int pageBytes = SLOTS_A_PAGE * SLOT_BYTES;
        RequestIndex index =
                new RequestIndex(MappedPages.create(directory, pageBytes), MappedPages.create(directory, pageBytes));
        index.room(index.table);
        return index;
    }

    /** The value of {@code key}; 0 if it has none. */
    long get(long key) {
        int slot = find(key);
        return slot < 0 ? 0 : value(table, slot);
    }

    /** Sets the value of {@code key}, whose state is not 0. */
    void put(long key, long value) throws IOException {
        int slot = find(key);
        if (slot >= 0) {
            write(table, slot, key, value);
            return;
        }
        if (size + 1 > slots * MAX_LOAD) {
            grow();
        }
        insert(key, value);
        size++;
    }

    /** Replaces every value. */
    void replaceAll(LongUnaryOperator replacement) {
        for (int slot = 0; slot < slots + SPILL; slot++) {
            long value = value(table, slot);
            if (value != 0) {
                write(table, slot, key(table, slot), replacement.applyAsLong(value));
            }
        }
    }

    /** Keys with a value, forgotten ones too until the table grows. */
    int size() {
        return size;
    }

    /** Bytes mapped. */
    long bytes() {
        return table.bytes() + spare.bytes();
    }

    @Override
    public void close() throws IOException {
        try (MappedPages first = table) {
            spare.close();
        }
    }

    private static boolean isForgotten(long value) {
        return (value & ((1 << STATE_BITS) - 1)) == FORGOTTEN;
    }

    /** The table is in the order of the keys, and so is the larger one: one walk through both. */
    private void grow() throws IOException {
        int capacity = slots + SPILL;
        MappedPages from = table;
        MappedPages to = spare;
        slots = (int) Math.min(Integer.MAX_VALUE - SPILL, (long) (slots * GROWTH));
        room(to);
        int free = 0;
        size = 0;
        for (int slot = 0; slot < capacity; slot++) {
            long value = value(from, slot);
            if (value != 0 && !isForgotten(value)) {
                long key = key(from, slot);
                free = Math.max(free, home(key));
                write(to, free++, key, value);
                size++;
            }
        }
        from.clear();
        table = to;
        spare = from;
    }

    private void room(MappedPages pages) throws IOException {
        while ((long) pages.count() * SLOTS_A_PAGE < slots + SPILL) {
            pages.add();
        }
    }

    private void insert(long newKey, long newValue) throws IOException {
        long key = newKey;
        long value = newValue;
        int slot = home(key);
        while (value(table, slot) != 0 && key(table, slot) < key) {
            slot++;
        }
        while (value != 0) { // what follows is in order: it moves on by one
            long nextKey = key(table, slot);
            long nextValue = value(table, slot);
            write(table, slot++, key, value);
            key = nextKey;
            value = nextValue;
        }
        if (slot >= slots + SPILL - 2) {
            grow();
        }
    }

    private int find(long key) {
        for (int slot = home(key); ; slot++) {
            if (value(table, slot) == 0) {
                return -1;
            }
            long its = key(table, slot);
            if (its >= key) {
                return its == key ? slot : -1;
            }
        }
    }

    /** In the order of the keys. */
    private int home(long key) {
        return (int) (((key >>> (RequestKey.BITS - 32)) * slots) >>> 32);
    }

    private static long key(MappedPages pages, int slot) {
        // the eight bytes that end with the slot: the high 8 bits of the value, cut off, and the key
        return page(pages, slot).getLong(offset(slot) + SLOT_BYTES - Long.BYTES) >>> 8;
    }

    private static long value(MappedPages pages, int slot) {
        return page(pages, slot).getLong(offset(slot)) & LOW_56;
    }

    private static void write(MappedPages pages, int slot, long key, long value) {
        ByteBuffer page = page(pages, slot);
        page.putLong(offset(slot), key << 56 | value);
        page.putInt(offset(slot) + 8, (int) (key >>> 8));
        page.putShort(offset(slot) + 12, (short) (key >>> 40));
    }

    private static ByteBuffer page(MappedPages pages, int slot) {
        return pages.page(slot / SLOTS_A_PAGE);
    }

    private static int offset(int slot) {
        return slot % SLOTS_A_PAGE * SLOT_BYTES;
    }
}
