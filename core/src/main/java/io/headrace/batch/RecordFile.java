package io.headrace.batch;

import io.headrace.files.RecordTail;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A file that grows by records: length of the content (4 bytes, big-endian), CRC32C of the content (4), content. An append is one
 * write: it survives the death of the process, and after {@link #sync} the loss of power. Not thread-safe.
 */
final class RecordFile implements Closeable {

    static final int HEADER_BYTES = 8;

    private static final int MAX_CONTENT_BYTES = 1 << 26;
    private static final int BUFFER_BYTES = 1 << 16;

    private final FileChannel file;
    private long end;

    RecordFile(FileChannel file, long end) {
        this.file = file;
        this.end = end;
    }

    /** Takes one record; false ends the reading before it. */
    interface Visitor {
        boolean visit(RecordReader record, long offset) throws IOException;
    }

    /** The file at {@code path}, made if there is none, to be continued at {@code end}; what stands behind that is cut off. */
    static RecordFile open(Path path, long end) throws IOException {
        FileChannel file =
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            file.truncate(end);
            return new RecordFile(file, end);
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** The file at {@code path}, to read single records of it. */
    static RecordFile reading(Path path) throws IOException {
        FileChannel file = FileChannel.open(path, StandardOpenOption.READ);
        return new RecordFile(file, 0);
    }

    /** Reads records from the start up to the end or the first one that is torn; gives the offset behind the last good one. */
    static long read(Path path, Visitor visitor) throws IOException {
        if (!Files.exists(path)) {
            return 0;
        }
        long end = 0;
        try (DataInputStream in =
                new DataInputStream(new BufferedInputStream(Files.newInputStream(path), BUFFER_BYTES))) {
            while (true) {
                byte[] content = next(in);
                if (content == null || !visitor.visit(new RecordReader(content), end)) {
                    return end;
                }
                end += HEADER_BYTES + content.length;
            }
        } catch (EOFException e) {
            return end;
        }
    }

    /** Whether a good record lies anywhere behind {@code end}: then what is there is damaged, and no end that was torn. */
    static boolean goesOn(Path path, long end) throws IOException {
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
            return RecordTail.goesOn(file, end, MAX_CONTENT_BYTES, RecordFile::isRecord);
        }
    }

    private static boolean isRecord(byte[] bytes, int at, int left) {
        ByteBuffer record = ByteBuffer.wrap(bytes, at, left);
        int length = left <= HEADER_BYTES ? 0 : record.getInt();
        return length > 0 && length <= left - HEADER_BYTES && crc(bytes, at + HEADER_BYTES, length) == record.getInt();
    }

    private static byte @Nullable [] next(DataInputStream in) throws IOException {
        int length = in.readInt();
        int crc = in.readInt();
        if (length <= 0 || length > MAX_CONTENT_BYTES) {
            return null;
        }
        byte[] content = in.readNBytes(length);
        return content.length == length && crc(content) == crc ? content : null;
    }

    /** Appends a record; gives its offset. */
    long append(RecordWriter record) throws IOException {
        byte[] content = record.bytes();
        ByteBuffer whole = ByteBuffer.allocate(HEADER_BYTES + content.length);
        whole.putInt(content.length).putInt(crc(content)).put(content).flip();
        long offset = end;
        while (whole.hasRemaining()) {
            file.write(whole, offset + whole.position());
        }
        end = offset + whole.limit();
        return offset;
    }

    /** Cuts off what an append left that failed. */
    void cut() throws IOException {
        file.truncate(end);
    }

    /** The record at {@code offset}, where one is known to begin. */
    RecordReader at(long offset) throws IOException {
        ByteBuffer header = read(offset, HEADER_BYTES);
        int length = header.getInt();
        int crc = header.getInt();
        if (length <= 0 || length > MAX_CONTENT_BYTES) {
            throw new IOException("no record begins at byte " + offset);
        }
        byte[] content = read(offset + HEADER_BYTES, length).array();
        if (crc(content) != crc) {
            throw new IOException("the record at byte " + offset + " is damaged");
        }
        return new RecordReader(content);
    }

    /** The offset behind the last record. */
    long end() {
        return end;
    }

    void sync() throws IOException {
        file.force(true);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    private ByteBuffer read(long offset, int length) throws IOException {
        ByteBuffer into = ByteBuffer.allocate(length);
        while (into.hasRemaining()) {
            if (file.read(into, offset + into.position()) < 0) {
                throw new EOFException("the file ends at byte " + (offset + into.position()));
            }
        }
        return into.flip();
    }

    private static int crc(byte[] content) {
        return crc(content, 0, content.length);
    }

    private static int crc(byte[] bytes, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, from, length);
        return (int) crc.getValue();
    }
}
