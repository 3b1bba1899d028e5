package io.headrace.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * The simulated provider's file of what became of each request: one JSON object a line, appended, in the order of the ends.
 * A line is with the operating system before the last byte of its answer is sent, so it outlives both processes: what a
 * client was given is in the log, whoever was killed. A process is the only writer of its file. Thread-safe.
 */
public final class RequestLog {

    /** The outcome of a request that got its whole answer. */
    public static final String ANSWERED = "answered";

    /** The outcome of a request that was refused for its form. */
    public static final String REJECTED = "rejected";

    /** The outcome of a request whose client went away before the answer. */
    public static final String CANCELLED = "cancelled";

    private final FileChannel file;

    /**
     * A line of the log.
     *
     * @param time when the request ended
     * @param digest SHA-256 of the body in hex; empty where the body was not read
     * @param occurrence how often that body had been asked by then, from 1; 0 where the body was not read
     * @param outcome {@link #ANSWERED}, {@link #REJECTED}, {@link #CANCELLED}, or the label of a {@link Fault}
     * @param status of the answer; 0 where none was sent
     * @param inputTokens of the prompt, if the server worked on it, whatever became of the answer; else 0
     * @param outputTokens likewise of the answer; the most that it might have had where it was not finished
     */
    public record Entry(
            Instant time,
            String path,
            String digest,
            int occurrence,
            String outcome,
            int status,
            long inputTokens,
            long outputTokens) {

        /** Whether the client was given the whole answer, as far as the server can know. */
        public boolean answered() {
            return outcome.equals(ANSWERED);
        }
    }

    private RequestLog(FileChannel file) {
        this.file = file;
    }

    /** Opens {@code path} for appending, and makes it and its folder where they are missing. Cuts off a torn last line. */
    static RequestLog open(Path path) {
        try {
            LogFile.makeFolder(path);
            FileChannel file = FileChannel.open(
                    path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            file.truncate(endOfLastLine(file));
            file.position(file.size());
            return new RequestLog(file);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot open the request log " + path + ": " + e.getMessage(), e);
        }
    }

    /**
     * The entries of the log at {@code path} in order; also while its writer is at work, or was killed. A last line without
     * its end is left out.
     *
     * @throws IllegalArgumentException for a line that is no entry, naming it
     */
    public static List<Entry> read(Path path) throws IOException {
        return LogFile.read(path, RequestLog::parse);
    }

    /** Hands the line to the operating system; one system call. */
    void append(Entry entry) {
        ByteBuffer line = ByteBuffer.wrap(write(entry));
        try {
            synchronized (file) {
                while (file.isOpen() && line.hasRemaining()) {
                    file.write(line);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the request log: " + e.getMessage(), e);
        }
    }

    void close() {
        try {
            file.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot close the request log: " + e.getMessage(), e);
        }
    }

    private static byte[] write(Entry entry) {
        return Json.write(json -> {
            json.writeStartObject();
            json.writeStringProperty("time", entry.time().toString());
            json.writeStringProperty("path", entry.path());
            json.writeStringProperty("digest", entry.digest());
            json.writeNumberProperty("occurrence", entry.occurrence());
            json.writeStringProperty("outcome", entry.outcome());
            json.writeNumberProperty("status", entry.status());
            json.writeNumberProperty("inputTokens", entry.inputTokens());
            json.writeNumberProperty("outputTokens", entry.outputTokens());
            json.writeEndObject();
            json.writeRaw('\n');
        });
    }

    private static Entry parse(String line) {
        String time = "";
        String path = "";
        String digest = "";
        int occurrence = 0;
        String outcome = "";
        int status = 0;
        long inputTokens = 0;
        long outputTokens = 0;
        try (JsonParser json = Json.parser(line.getBytes(StandardCharsets.UTF_8))) {
            json.nextToken();
            while (json.nextToken() == JsonToken.PROPERTY_NAME) {
                String field = json.currentName();
                json.nextToken();
                switch (field) {
                    case "time" -> time = json.getString();
                    case "path" -> path = json.getString();
                    case "digest" -> digest = json.getString();
                    case "occurrence" -> occurrence = json.getIntValue();
                    case "outcome" -> outcome = json.getString();
                    case "status" -> status = json.getIntValue();
                    case "inputTokens" -> inputTokens = json.getLongValue();
                    case "outputTokens" -> outputTokens = json.getLongValue();
                    default -> json.skipChildren();
                }
            }
        }
        return new Entry(Instant.parse(time), path, digest, occurrence, outcome, status, inputTokens, outputTokens);
    }

    private static long endOfLastLine(FileChannel file) throws IOException {
        ByteBuffer one = ByteBuffer.allocate(1);
        for (long end = file.size(); end > 0; end--) {
            one.clear();
            file.read(one, end - 1);
            if (one.get(0) == '\n') {
                return end;
            }
        }
        return 0;
    }
}
