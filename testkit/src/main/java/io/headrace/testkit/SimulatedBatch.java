package io.headrace.testkit;

import java.time.Instant;
import java.util.Map;

/**
 * A batch that a simulated provider made.
 *
 * @param id the provider's
 * @param createdAt when it was made
 * @param status in the words of its provider, such as {@code in_progress}
 * @param requests in it
 * @param digest SHA-256, in hex, over the custom ids in their order: two batches of equal requests show by it
 * @param metadata that it was made with; empty at Anthropic
 */
public record SimulatedBatch(
        String id, Instant createdAt, String status, long requests, String digest, Map<String, String> metadata) {

    public SimulatedBatch {
        metadata = Map.copyOf(metadata);
    }
}
