package io.headrace.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * Fills files with zeros by ordinary writes before they are mapped: a full disk is then an {@link IOException}, where the first
 * write to a mapped page would be a signal that kills the process. Thread-safe.
 */
public final class Zeros {

    /** Written as often as it takes. */
    private static final byte[] ZEROS = new byte[64 << 10];

    private Zeros() {}

    /** Writes zeros to {@code file} from the offset {@code start} up to {@code end}. */
    public static void write(FileChannel file, long start, long end) throws IOException {
        for (long at = start; at < end; ) {
            at += file.write(ByteBuffer.wrap(ZEROS, 0, (int) Math.min(ZEROS.length, end - at)), at);
        }
    }
}
