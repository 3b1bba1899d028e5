package io.headrace.batch;

import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Reads the lines of a sealed pack one after another, each held against its checksum. Not thread-safe. */
final class PackReader implements Closeable {

    /** A line is not the one that was written. */
    static final class DamagedLineException extends IOException {
        private static final long serialVersionUID = 1;

        DamagedLineException(String message) {
            super(message);
        }
    }

    private final LineReader lines;
    private final RecordFile keys;
    private final Pack pack;
    private int position;
    private long offset;

    private PackReader(LineReader lines, RecordFile keys, Pack pack) {
        this.lines = lines;
        this.keys = keys;
        this.pack = pack;
    }

    @SuppressWarnings("MustBeClosedChecker") // closed with the reader
    static PackReader open(PackFiles files, Pack pack) throws IOException {
        LineReader lines = LineReader.open(files.lines(pack.number));
        try {
            return new PackReader(lines, RecordFile.reading(files.keys(pack.number)), pack);
        } catch (IOException e) {
            lines.close();
            throw e;
        }
    }

    /** The next line without its end; null behind the last one. */
    byte @Nullable [] next() throws IOException {
        byte[] line = lines.next();
        if (position == pack.requests && line == null) {
            return null;
        }
        position++;
        if (line == null || position > pack.requests || PackWriter.crc(line) != crc()) {
            throw new DamagedLineException("line " + position + " of pack " + pack.number + " is damaged");
        }
        return line;
    }

    private int crc() throws IOException {
        RecordReader key = keys.at(offset);
        offset += RecordFile.HEADER_BYTES + key.length();
        return ParkedRequest.read(key).crc();
    }

    @Override
    public void close() throws IOException {
        try (LineReader first = lines) {
            keys.close();
        }
    }
}
