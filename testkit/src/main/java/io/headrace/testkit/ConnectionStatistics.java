package io.headrace.testkit;

/**
 * What a simulated provider saw of its clients' connections, from its start.
 *
 * @param opened TCP connections that were accepted
 * @param open those that are open now
 * @param maxOpen the most that were open at once
 * @param failedHandshakes TLS handshakes that did not come to their end
 * @param maxStreams the most requests that were open at once on one HTTP/2 connection; 0 without HTTP/2
 */
public record ConnectionStatistics(long opened, int open, int maxOpen, long failedHandshakes, int maxStreams) {}
