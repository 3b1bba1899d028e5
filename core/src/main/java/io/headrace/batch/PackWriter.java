package io.headrace.batch;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/** The two files of a pack that takes requests. Not thread-safe. */
final class PackWriter implements Closeable {

    private final FileChannel lines;
    private final RecordFile keys;
    private long end;

    PackWriter(FileChannel lines, RecordFile keys, long end) {
        this.lines = lines;
        this.keys = keys;
        this.end = end;
    }

    /** Goes on with the files at their good ends; what stands behind is cut off. */
    static PackWriter open(PackFiles files, int pack, long linesEnd, long keysEnd) throws IOException {
        FileChannel lines = FileChannel.open(files.lines(pack), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            lines.truncate(linesEnd);
            return new PackWriter(lines, RecordFile.open(files.keys(pack), keysEnd), linesEnd);
        } catch (IOException | RuntimeException e) {
            lines.close();
            throw e;
        }
    }

    /** Writes a request; it survives the death of the process when this returns. One that could not be written whole leaves nothing. */
    void append(byte[] line, ParkedRequest request) throws IOException {
        try {
            write(line, request);
        } catch (IOException e) {
            cut(e);
            throw e;
        }
    }

    private void cut(IOException failure) {
        try {
            lines.truncate(end);
            keys.cut();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    private void write(byte[] line, ParkedRequest request) throws IOException {
        ByteBuffer whole =
                ByteBuffer.allocate(line.length + 1).put(line).put((byte) '\n').flip();
        while (whole.hasRemaining()) {
            lines.write(whole, end + whole.position());
        }
        keys.append(request.at(end + whole.limit(), crc(line)).record());
        end += whole.limit();
    }

    void sync() throws IOException {
        lines.force(true);
        keys.sync();
    }

    @Override
    public void close() throws IOException {
        try (FileChannel first = lines) {
            keys.close();
        }
    }

    static int crc(byte[] line) {
        CRC32C crc = new CRC32C();
        crc.update(line);
        return (int) crc.getValue();
    }
}
