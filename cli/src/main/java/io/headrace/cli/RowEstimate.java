package io.headrace.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** How many rows a file may have, without reading all of a large one: for people who wait, never for the accounting. */
final class RowEstimate {

    private static final int SAMPLE_BYTES = 4 << 20;

    private RowEstimate() {}

    /** By the lines of the file's first 4 MiB; empty for what is no plain file of lines, or cannot be read. */
    static OptionalLong of(Path file) {
        if (!Files.isRegularFile(file)) {
            return OptionalLong.empty();
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] sample = in.readNBytes(SAMPLE_BYTES);
            if (sample.length == 0 || isGzip(sample)) {
                return OptionalLong.empty();
            }
            long lines = 0;
            for (byte b : sample) {
                if (b == '\n') {
                    lines++;
                }
            }
            if (sample.length < SAMPLE_BYTES) {
                return OptionalLong.of(lines + (sample[sample.length - 1] == '\n' ? 0 : 1));
            }
            return OptionalLong.of(Math.max(1, Math.round((double) lines * Files.size(file) / sample.length)));
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    private static boolean isGzip(byte[] start) {
        return start.length > 1 && start[0] == 0x1f && start[1] == (byte) 0x8b;
    }
}
