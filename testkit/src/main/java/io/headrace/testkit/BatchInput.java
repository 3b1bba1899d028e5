package io.headrace.testkit;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.exc.StreamReadException;

/**
 * Where the requests of a batch lie in a file: 12 bytes of heap for each. Immutable once it is made.
 */
final class BatchInput {

    private final Path path;
    private final String bodyField;
    private long[] offsets = new long[1024];
    private int[] lengths = new int[1024];
    private int size;

    private BatchInput(Path path, String bodyField) {
        this.path = path;
        this.bodyField = bodyField;
    }

    /** Lines of a part of a file; empty ones are passed over. */
    static BatchInput ofLines(Path path, long offset, long length, String bodyField) throws IOException {
        BatchInput input = new BatchInput(path, bodyField);
        try (InputStream in = new BufferedInputStream(Files.newInputStream(path), 1 << 16)) {
            in.skipNBytes(offset);
            long start = offset;
            long at = offset;
            for (long left = length; left > 0; left--) {
                int next = in.read();
                if (next == '\n') {
                    input.add(start, at - start);
                    start = at + 1;
                }
                at++;
            }
            input.add(start, at - start);
        }
        return input;
    }

    /**
     * Objects of the array in the field {@code requests} of the object that is all of a file.
     *
     * @throws tools.jackson.core.JacksonException if the file is none
     */
    static BatchInput ofArray(Path path, String bodyField) throws IOException {
        BatchInput input = new BatchInput(path, bodyField);
        try (InputStream file = Files.newInputStream(path);
                JsonParser in = Json.parser(file)) {
            if (in.nextToken() != JsonToken.START_OBJECT) {
                throw new StreamReadException(in, "the body is not a JSON object");
            }
            for (String name = in.nextName(); name != null; name = in.nextName()) {
                JsonToken value = in.nextToken();
                if (!name.equals("requests") || value != JsonToken.START_ARRAY) {
                    in.skipChildren();
                    continue;
                }
                while (in.nextToken() != JsonToken.END_ARRAY) {
                    long start = in.currentTokenLocation().getByteOffset();
                    in.skipChildren();
                    input.add(start, in.currentLocation().getByteOffset() - start);
                }
            }
        }
        return input;
    }

    private void add(long offset, long length) {
        if (length == 0) {
            return;
        }
        if (size == offsets.length) {
            offsets = Arrays.copyOf(offsets, 2 * size);
            lengths = Arrays.copyOf(lengths, 2 * size);
        }
        offsets[size] = offset;
        lengths[size] = Math.toIntExact(length);
        size++;
    }

    int size() {
        return size;
    }

    Reading open() throws IOException {
        return new Reading(new RandomAccessFile(path.toFile(), "r"));
    }

    /** An open file. Not thread-safe. */
    final class Reading implements AutoCloseable {

        private final RandomAccessFile file;

        private Reading(RandomAccessFile file) {
            this.file = file;
        }

        /**
         * The request at a place, from 0.
         *
         * @throws tools.jackson.core.JacksonException if it is no JSON object
         */
        BatchEntry entry(int index) throws IOException {
            byte[] json = new byte[lengths[index]];
            file.seek(offsets[index]);
            file.readFully(json);
            return BatchEntry.parse(json, bodyField);
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
