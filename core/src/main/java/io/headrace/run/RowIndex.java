package io.headrace.run;

import io.headrace.ErrorKind;
import io.headrace.files.MappedPages;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.file.Path;

/**
 * Which rows are known, what the journal says of each, and which of them were seen in this pass over the dataset: ten bytes
 * a row in the order of the pass, found by a hash table of row numbers (linear probing, load 0.7 to 0.85), all of it off the heap.
 * At most 16 bytes a row.
 *
 * <p>A slot of the table has bits left beside the row's number. They hold a part of the key, so that the table alone tells nearly
 * every probe that it has met another row: looking at that row's entry would be a miss of the processor's caches.
 *
 * <p>The first {@link #passed} positions hold the rows of this pass in its order; behind them stand rows that are known from
 * the journal and have not come yet. A row that comes is swapped to its place, wherever it stood before.
 *
 * <p>Not thread-safe.
 */
final class RowIndex implements Closeable {

    private static final int ENTRY_BYTES = 10;
    private static final int ENTRIES_A_PAGE = 1 << 16;
    private static final int SLOTS_A_PAGE = 1 << 18;
    /** Slots behind the last home, instead of going round. */
    private static final int SPILL = 1 << 12;

    private static final double MAX_LOAD = 0.85;
    private static final double GROWTH = 1.2;
    private static final int KIND_BITS = 5;
    private static final int FAILED_STATE = 3;

    /** In the place of the version of a pending row that had failed because the model declined. No version's digest, as those below. */
    private static final int DECLINED = 0xFFFF;
    /** The same of a row that waits for a batch. */
    private static final int PARKED = 0xFFFE;
    /** Both. */
    private static final int DECLINED_AND_PARKED = 0xFFFD;

    private final MappedPages entries;
    private MappedPages table;
    private MappedPages spare;
    private final long[] seen = new long[RowStatus.COUNT];
    private final long[] unseen = new long[RowStatus.COUNT];
    private int size;
    private int passed;
    private long parked;
    private int slots;
    /** The bits of a slot that hold a position, plus 1; 0 is an empty slot. */
    private int positions;

    private RowIndex(MappedPages entries, MappedPages table, MappedPages spare) {
        this.entries = entries;
        this.table = table;
        this.spare = spare;
    }

    /** An empty index whose temporary files lie in {@code directory}. */
    @SuppressWarnings("MustBeClosedChecker") // closed with the index
    static RowIndex create(Path directory) throws IOException {
        MappedPages entries = MappedPages.create(directory, ENTRIES_A_PAGE * ENTRY_BYTES);
        MappedPages table = MappedPages.create(directory, SLOTS_A_PAGE * Integer.BYTES);
        MappedPages spare = MappedPages.create(directory, SLOTS_A_PAGE * Integer.BYTES);
        RowIndex index = new RowIndex(entries, table, spare);
        index.slots(SLOTS_A_PAGE - SPILL);
        index.room(table);
        return index;
    }

    /** Rows known. */
    int size() {
        return size;
    }

    /** Rows seen in this pass. */
    int passed() {
        return passed;
    }

    /** Rows of that status seen in this pass. */
    long seen(int status) {
        return seen[status];
    }

    /** Known rows of that status that this pass has not come to. */
    long unseen(int status) {
        return unseen[status];
    }

    /** Where the row stands, or -1 if it is not known. */
    int find(long key) {
        int slot = slotOf(key);
        return slot < 0 ? -1 : position(slot(table, slot));
    }

    int status(int position) {
        int state = (int) (head(position) & 3);
        return state == FAILED_STATE ? RowStatus.FAILED + (digest(position) & ((1 << KIND_BITS) - 1)) : state;
    }

    /** Whether the row at {@code position} has, as far as 11 (failed rows) or 16 bits tell, that version. */
    boolean sameVersion(int position, long version) {
        return (head(position) & 3) == FAILED_STATE
                ? digest(position) >>> KIND_BITS == digestOf(version) >>> KIND_BITS
                : digest(position) == digestOf(version);
    }

    /** Notes what the journal says of a row, known or not; gives its position. */
    int put(long key, long version, int status) throws IOException {
        int position = find(key);
        if (position < 0) {
            position = append(key, version, status);
        } else {
            counts(position)[status(position)]--;
            write(position, key, version, status);
        }
        counts(position)[status]++;
        return position;
    }

    /** Begins a new pass: no row was seen yet. */
    void beginPass() {
        passed = 0;
        for (int i = 0; i < seen.length; i++) {
            unseen[i] += seen[i];
            seen[i] = 0;
        }
    }

    /** Marks every row as seen, in the order it stands. */
    void passAll() {
        passed = size;
        for (int i = 0; i < seen.length; i++) {
            seen[i] += unseen[i];
            unseen[i] = 0;
        }
    }

    /**
     * The row has come in this pass and takes the next place in it. A new row is pending.
     *
     * @param at what {@link #find} said, -1 or a position not below {@link #passed}
     */
    void pass(int at, long key, long version) throws IOException {
        int place = passed;
        int position = at;
        if (position < 0) {
            position = append(key, version, RowStatus.PENDING);
            unseen[RowStatus.PENDING]++;
        }
        if (position != place) {
            swap(position, place);
        }
        int status = status(place);
        unseen[status]--;
        seen[status]++;
        passed++;
    }

    /** Whether the row is pending because it is tried again after the model had declined. */
    boolean wasDeclined(int position) {
        return status(position) == RowStatus.PENDING
                && (digest(position) == DECLINED || digest(position) == DECLINED_AND_PARKED);
    }

    /** Notes that a pending row waits for a batch, however often it is told; until the index is made anew. */
    void park(int position) {
        int digest = digest(position);
        if (status(position) == RowStatus.PENDING && digest != PARKED && digest != DECLINED_AND_PARKED) {
            counter(position, digest == DECLINED ? DECLINED_AND_PARKED : PARKED);
            parked++;
        }
    }

    /** Rows that wait for a batch. */
    long parked() {
        return parked;
    }

    /** Makes every failed row pending again. */
    void retryFailed() {
        for (int position = 0; position < size; position++) {
            int status = status(position);
            if (RowStatus.isFailed(status)) {
                counts(position)[status]--;
                counts(position)[RowStatus.PENDING]++;
                // the version's low bits made room for the kind: the row counts as changed, which a pending row may
                page(position).putLong(offset(position), head(position) & ~3L);
                if (RowStatus.kind(status) == ErrorKind.REFUSED) {
                    counter(position, DECLINED);
                }
            }
        }
    }

    /** Sets the counter that shares its place with the version; the versions are lost. */
    void counter(int position, int count) {
        page(position).putShort(offset(position) + Long.BYTES, (short) count);
    }

    /** The number set by {@link #counter(int, int)}. */
    int counter(int position) {
        return digest(position);
    }

    /** Bytes mapped. */
    long bytes() {
        return entries.bytes() + table.bytes() + spare.bytes();
    }

    @Override
    public void close() throws IOException {
        try (MappedPages first = entries;
                MappedPages second = table) {
            spare.close();
        }
    }

    private long[] counts(int position) {
        return position < passed ? seen : unseen;
    }

    private int append(long key, long version, int status) throws IOException {
        if (size >= Integer.MAX_VALUE - 8) {
            throw new IOException("a run keeps account of at most " + size + " rows: split the dataset");
        }
        if (size + 1 > slots * MAX_LOAD) {
            grow();
        }
        if (size == entries.count() * ENTRIES_A_PAGE) {
            entries.add();
        }
        write(size, key, version, status);
        if (!insert(size)) {
            grow();
        }
        return size++;
    }

    private void write(int position, long key, long version, int status) {
        int digest = digestOf(version);
        int state = status;
        if (RowStatus.isFailed(status)) {
            state = FAILED_STATE;
            digest = (digest >>> KIND_BITS << KIND_BITS) | (status - RowStatus.FAILED);
        }
        ByteBuffer page = page(position);
        int offset = offset(position);
        page.putLong(offset, key << 2 | state);
        page.putShort(offset + Long.BYTES, (short) digest);
    }

    private void swap(int a, int b) {
        long keyA = key(a);
        long keyB = key(b);
        int slotA = slotOf(keyA);
        int slotB = slotOf(keyB);
        long head = head(a);
        short digest = (short) digest(a);
        page(a).putLong(offset(a), head(b));
        page(a).putShort(offset(a) + Long.BYTES, (short) digest(b));
        page(b).putLong(offset(b), head);
        page(b).putShort(offset(b) + Long.BYTES, digest);
        slot(table, slotA, entry(keyA, b));
        slot(table, slotB, entry(keyB, a));
    }

    /** Rows come in about the order in which they lie in the larger table too: one walk through both. */
    private void grow() throws IOException {
        int capacity = slots + SPILL;
        int before = positions;
        MappedPages from = table;
        table = spare;
        spare = from;
        slots((int) Math.min(Integer.MAX_VALUE - SPILL, (long) (slots * GROWTH)));
        room(table);
        for (int slot = 0; slot < capacity; slot++) {
            int there = slot(from, slot) & before;
            if (there != 0) {
                insert(there - 1);
            }
        }
        from.clear();
    }

    private void slots(int count) {
        slots = count;
        positions = -1 >>> Integer.numberOfLeadingZeros(count);
    }

    private void room(MappedPages pages) throws IOException {
        while ((long) pages.count() * SLOTS_A_PAGE < slots + SPILL) {
            pages.add();
        }
    }

    /** False if it lies so near to the end of the table that there may be no room for another one. */
    private boolean insert(int position) {
        long head = head(position);
        int slot = home(head);
        while (slot(table, slot) != 0) {
            slot++;
        }
        slot(table, slot, entry(head >>> 2, position));
        return slot < slots + SPILL - 2;
    }

    private int slotOf(long key) {
        int tag = entry(key, -1);
        for (int slot = home(key << 2); ; slot++) {
            int there = slot(table, slot);
            if (there == 0) {
                return -1;
            }
            if ((there & ~positions) == tag && key(position(there)) == key) {
                return slot;
            }
        }
    }

    /** What a slot holds: the last bits of the key, which {@link #home} does not depend on, and the position. */
    private int entry(long key, int position) {
        return (int) key * (positions + 1) | (position + 1);
    }

    private int position(int entry) {
        return (entry & positions) - 1;
    }

    private int home(long head) {
        return (int) (((head >>> 32) * slots) >>> 32);
    }

    private static int slot(MappedPages table, int slot) {
        return table.page(slot / SLOTS_A_PAGE).getInt(slot % SLOTS_A_PAGE * Integer.BYTES);
    }

    private static void slot(MappedPages table, int slot, int value) {
        table.page(slot / SLOTS_A_PAGE).putInt(slot % SLOTS_A_PAGE * Integer.BYTES, value);
    }

    private long key(int position) {
        return head(position) >>> 2;
    }

    private long head(int position) {
        return page(position).getLong(offset(position));
    }

    private int digest(int position) {
        return page(position).getShort(offset(position) + Long.BYTES) & 0xFFFF;
    }

    private MappedByteBuffer page(int position) {
        return entries.page(position / ENTRIES_A_PAGE);
    }

    private static int offset(int position) {
        return position % ENTRIES_A_PAGE * ENTRY_BYTES;
    }

    private static int digestOf(long version) {
        int digest = (int) (version ^ (version >>> 16) ^ (version >>> 32) ^ (version >>> 48)) & 0xFFFF;
        return digest >= DECLINED_AND_PARKED ? 0 : digest;
    }
}
