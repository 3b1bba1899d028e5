package io.headrace.files;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Zeroed memory off the heap that grows page by page, mapped from a temporary file that has no name any more. The file is
 * filled with {@link Zeros} before a page is mapped. Its numbers are little-endian, as those of the machines it runs on are. Not
 * thread-safe.
 */
public final class MappedPages implements Closeable {

    private final FileChannel file;
    private final int pageBytes;
    private @Nullable MappedByteBuffer[] pages = new MappedByteBuffer[4];
    private int count;

    private MappedPages(FileChannel file, int pageBytes) {
        this.file = file;
        this.pageBytes = pageBytes;
    }

    /**
     * Memory without a page yet.
     *
     * @param directory where its file lies
     */
    public static MappedPages create(Path directory, int pageBytes) throws IOException {
        Path path = Files.createTempFile(directory, ".rows", ".tmp");
        return new MappedPages(
                FileChannel.open(
                        path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE),
                pageBytes);
    }

    /** Pages added. */
    public int count() {
        return count;
    }

    /** A page that was added. */
    @SuppressWarnings("NullAway") // not null below count, and this is the hottest line of the index
    public MappedByteBuffer page(int index) {
        return pages[index];
    }

    /** Adds a page of zeros. */
    public void add() throws IOException {
        long start = bytes();
        Zeros.write(file, start, start + pageBytes);
        if (count == pages.length) {
            pages = Arrays.copyOf(pages, count * 2);
        }
        MappedByteBuffer page = pages[count];
        if (page == null) { // else it was mapped before a clear() and is good again
            page = file.map(MapMode.READ_WRITE, start, pageBytes);
            page.order(ByteOrder.LITTLE_ENDIAN);
            pages[count] = page;
        }
        count++;
    }

    /** Gives the memory of all pages back; they must be added again before they are used. */
    public void clear() throws IOException {
        count = 0;
        file.truncate(0);
    }

    /** Bytes mapped. */
    public long bytes() {
        return (long) count * pageBytes;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
