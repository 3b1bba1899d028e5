package io.headrace.run;

import io.headrace.files.FilePlace;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file of lines that grows by whole groups of lines. One thread writes; any may sync. */
final class LineFile implements Closeable {

    private final FileChannel file;
    private final FilePlace place;
    private long length;

    private LineFile(FileChannel file, FilePlace place, long length) {
        this.file = file;
        this.place = place;
        this.length = length;
    }

    /** The file at {@code path}, made if there is none. */
    static LineFile open(Path path) throws IOException {
        FileChannel file =
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        return new LineFile(file, FilePlace.of(path), file.size());
    }

    long length() {
        return length;
    }

    /** Appends lines by one write. */
    void append(byte[] lines, int count) throws IOException {
        if (count == 0) {
            return;
        }
        ByteBuffer source = ByteBuffer.wrap(lines, 0, count);
        while (source.hasRemaining()) {
            file.write(source, length + source.position());
        }
        length += count;
    }

    /** Cuts the file at {@code end}; gives how many bytes that took. */
    long cut(long end) throws IOException {
        long cut = Math.max(0, file.size() - end);
        file.truncate(end);
        length = end;
        return cut;
    }

    /** Appends the bytes from {@code start} to {@code end} to {@code target}. */
    void copyTo(LineFile target, long start, long end) throws IOException {
        target.file.position(target.length);
        for (long at = start; at < end; ) {
            at += file.transferTo(at, end - at, target.file);
        }
        target.length += end - start;
    }

    /** @throws NoSuchFileException if the file is not in its place any more, or has not the bytes up to {@code end} */
    void requireInPlace(long end) throws IOException {
        place.require(end);
    }

    void sync() throws IOException {
        file.force(true);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
