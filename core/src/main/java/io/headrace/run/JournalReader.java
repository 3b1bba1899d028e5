package io.headrace.run;

import io.headrace.files.RecordTail;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/** Reads a journal from its start to its end or its first damage. */
final class JournalReader {

    private static final int BUFFER_BYTES = 1 << 20;

    /** Longer records are not looked for behind a damage, or each byte there might cost a checksum of megabytes. */
    private static final int LONGEST_SOUGHT = 1 << 16;

    /** Takes one record; false ends the reading before it. */
    interface Visitor {
        boolean visit(JournalRecord record, long start) throws IOException;
    }

    /**
     * Where the reading ended.
     *
     * @param end the offset behind the last good record
     * @param cutBytes bytes behind {@code end} up to the last one that is not zero
     * @param goesOn whether good records follow: what is there is damaged, and no end that a crash has torn
     */
    record End(long end, long cutBytes, boolean goesOn) {}

    private JournalReader() {}

    /** Reads the journal from the record at {@code from}; a missing journal is empty. */
    static End read(Path path, long from, Visitor visitor) throws IOException {
        if (!Files.exists(path)) {
            return new End(0, 0, false);
        }
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
            JournalFormat format = new JournalFormat();
            byte[] buffer = new byte[BUFFER_BYTES];
            long base = from;
            int filled = 0;
            int at = 0;
            while (true) {
                int length = filled - at < JournalFormat.HEADER_BYTES ? -1 : JournalFormat.length(buffer, at);
                if (length < 0 || length > filled - at) {
                    System.arraycopy(buffer, at, buffer, 0, filled - at);
                    base += at;
                    filled -= at;
                    at = 0;
                    if (length > buffer.length) {
                        buffer = Arrays.copyOf(buffer, length);
                    }
                    int read = file.read(ByteBuffer.wrap(buffer, filled, buffer.length - filled), base + filled);
                    if (read <= 0) {
                        break;
                    }
                    filled += read;
                    continue;
                }
                if (length == 0) {
                    break;
                }
                JournalRecord record = format.decode(buffer, at, length);
                if (record == null || !visitor.visit(record, base + at)) {
                    break;
                }
                at += length;
            }
            long end = base + at;
            long cutBytes = lastByte(file, end) - end;
            return new End(end, cutBytes, cutBytes > 0 && goesOn(file, end));
        }
    }

    /** Whether good records follow in what comes next; those of rows are a hundred bytes long. */
    private static boolean goesOn(FileChannel file, long end) throws IOException {
        JournalFormat format = new JournalFormat();
        return RecordTail.goesOn(file, end, BUFFER_BYTES, (bytes, at, left) -> {
            int length = left < JournalFormat.HEADER_BYTES ? 0 : JournalFormat.length(bytes, at);
            return length > 0 && length <= Math.min(LONGEST_SOUGHT, left) && format.isWhole(bytes, at, length);
        });
    }

    /** The offset behind the last byte that is not zero, at least {@code from}. */
    private static long lastByte(FileChannel file, long from) throws IOException {
        byte[] buffer = new byte[64 << 10];
        long last = from;
        long position = from;
        int read;
        while ((read = file.read(ByteBuffer.wrap(buffer), position)) > 0) {
            for (int i = read - 1; i >= 0; i--) {
                if (buffer[i] != 0) {
                    last = position + i + 1;
                    break;
                }
            }
            position += read;
        }
        return last;
    }
}
