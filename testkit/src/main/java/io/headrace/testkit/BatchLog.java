package io.headrace.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * The simulated provider's file of the batches that it made: one JSON object a line, appended when a batch comes to exist, whether or
 * not its client hears of it. A line is with the operating system before the answer is sent, so it outlives both processes. A process
 * is the only writer of its file. Thread-safe.
 */
public final class BatchLog {

    private final Path path;

    /**
     * A line of the log.
     *
     * @param createdAt when the batch came to exist
     * @param id the provider's
     * @param requests in it
     * @param digest as that of {@link SimulatedBatch}
     * @param metadata that it was made with
     */
    public record Entry(Instant createdAt, String id, long requests, String digest, Map<String, String> metadata) {

        public Entry {
            metadata = Map.copyOf(metadata);
        }
    }

    private BatchLog(Path path) {
        this.path = path;
    }

    static BatchLog open(Path path) {
        try {
            LogFile.makeFolder(path);
            Files.writeString(path, "", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
            return new BatchLog(path);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot open the log of batches " + path + ": " + e.getMessage(), e);
        }
    }

    /**
     * The entries of the log at {@code path} in order; also while its writer is at work, or was killed. A last line without its end is
     * left out.
     *
     * @throws IllegalArgumentException for a line that is no entry, naming it
     */
    public static List<Entry> read(Path path) throws IOException {
        return LogFile.read(path, BatchLog::parse);
    }

    synchronized void append(Entry entry) {
        byte[] line = Json.write(json -> {
            json.writeStartObject();
            json.writeStringProperty("time", entry.createdAt().toString());
            json.writeStringProperty("id", entry.id());
            json.writeNumberProperty("requests", entry.requests());
            json.writeStringProperty("digest", entry.digest());
            json.writeObjectPropertyStart("metadata");
            entry.metadata().forEach(json::writeStringProperty);
            json.writeEndObject();
            json.writeEndObject();
            json.writeRaw('\n');
        });
        try {
            Files.write(path, line, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the log of batches: " + e.getMessage(), e);
        }
    }

    private static Entry parse(String line) {
        JsonNode json = Json.value(line.getBytes(StandardCharsets.UTF_8));
        Map<String, String> metadata = new LinkedHashMap<>();
        json.path("metadata")
                .properties()
                .forEach(each -> metadata.put(each.getKey(), each.getValue().asString("")));
        return new Entry(
                Instant.parse(json.path("time").asString("")),
                json.path("id").asString(""),
                json.path("requests").asLong(0),
                json.path("digest").asString(""),
                metadata);
    }
}
