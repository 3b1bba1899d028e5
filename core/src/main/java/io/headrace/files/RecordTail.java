package io.headrace.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** What stands behind the last good record of a file. */
public final class RecordTail {

    /** Finds records by their length and checksum. */
    @FunctionalInterface
    public interface Probe {

        /** Whether a whole and good record begins at {@code at} of {@code bytes}, of which {@code left} follow. */
        boolean isRecord(byte[] bytes, int at, int left);
    }

    private RecordTail() {}

    /**
     * Whether a good record begins anywhere behind {@code end}: then what is there is damaged, and no end that was torn.
     *
     * @param most bytes to look at
     */
    public static boolean goesOn(FileChannel file, long end, int most, Probe probe) throws IOException {
        ByteBuffer rest = ByteBuffer.allocate((int) Math.min(most, Math.max(0, file.size() - end)));
        while (rest.hasRemaining() && file.read(rest, end + rest.position()) >= 0) {}
        for (int at = 1; at < rest.position(); at++) {
            if (probe.isRecord(rest.array(), at, rest.position() - at)) {
                return true;
            }
        }
        return false;
    }
}
