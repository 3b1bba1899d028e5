package io.headrace.batch;

import io.headrace.ApiException;
import io.headrace.Cost;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How the requests of a pack ended, by their keys, in any order; what is said of a key last holds. Written while results come, and put
 * in its place when it is whole. Not thread-safe.
 */
final class EndsFile implements Closeable {

    private static final int ANSWERED = 1;
    private static final int ERROR = 2;
    private static final int FAILED = 3;
    private static final int ONLINE = 4;
    private static final int AGAIN = 5;
    private static final int DROPPED = 6;
    private static final int WASTED = 7;

    private final RecordFile file;
    private @Nullable ApiException lastError;
    private long lastErrorAt;

    private EndsFile(RecordFile file) {
        this.file = file;
    }

    /** Takes the ends of a file. */
    interface Visitor {
        default void answered(long key, Cost cost) throws IOException {}

        /**
         * @param offset where the error stands, for {@link EndsFile#error}
         * @param isOfAccount whether it is the account's and not the request's
         */
        default void failed(long key, long offset, boolean isOfAccount) throws IOException {}

        default void online(long key) throws IOException {}

        /** @param batches it has been in without an end */
        default void again(long key, int position, int batches) throws IOException {}

        /** @param batches it has been in without an end, the last of which may have been paid */
        default void wasted(long key, int batches) throws IOException {}

        default void dropped(long key) throws IOException {}
    }

    /** An empty file at {@code path}. */
    static EndsFile create(Path path) throws IOException {
        return new EndsFile(RecordFile.open(path, 0));
    }

    void answered(long key, Cost cost) throws IOException {
        file.append(new RecordWriter(ANSWERED).fixed64(key).cost(cost));
    }

    /** An error that many requests share is written once. */
    @SuppressWarnings("ReferenceEquality") // only the same object is surely the same error
    void failed(long key, ApiException error) throws IOException {
        if (lastError != error) {
            lastErrorAt = file.append(new RecordWriter(ERROR).error(error));
            lastError = error;
        }
        file.append(new RecordWriter(FAILED).fixed64(key).number(lastErrorAt));
    }

    void online(long key) throws IOException {
        file.append(new RecordWriter(ONLINE).fixed64(key));
    }

    void again(long key, int position, int batches) throws IOException {
        file.append(new RecordWriter(AGAIN).fixed64(key).number(position).number(batches));
    }

    void wasted(long key, int batches) throws IOException {
        file.append(new RecordWriter(WASTED).fixed64(key).number(batches));
    }

    void dropped(long key) throws IOException {
        file.append(new RecordWriter(DROPPED).fixed64(key));
    }

    void sync() throws IOException {
        file.sync();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    /** Reads a whole file; gives the offset behind its last record. */
    static long read(Path path, Visitor visitor) throws IOException {
        boolean[] isOfAccount = new boolean[1];
        return RecordFile.read(path, (in, offset) -> {
            switch (in.type()) {
                case ANSWERED -> visitor.answered(in.fixed64(), in.cost());
                case ERROR -> isOfAccount[0] = Judge.stopsWork(in.error());
                case FAILED -> visitor.failed(in.fixed64(), in.number(), isOfAccount[0]); // the last error before it
                case ONLINE -> visitor.online(in.fixed64());
                case AGAIN -> visitor.again(in.fixed64(), in.integer(), in.integer());
                case WASTED -> visitor.wasted(in.fixed64(), in.integer());
                case DROPPED -> visitor.dropped(in.fixed64());
                default -> {
                    // of a later version
                }
            }
            return true;
        });
    }

    /** The error at {@code offset} of the file. */
    static ApiException error(Path path, long offset) throws IOException {
        try (RecordFile file = RecordFile.reading(path)) {
            return file.at(offset).error();
        }
    }
}
