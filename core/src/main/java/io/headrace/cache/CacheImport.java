package io.headrace.cache;

/**
 * What an import did.
 *
 * @param stored answers that were stored
 * @param kept answers that were there already and stay as they are
 */
public record CacheImport(long stored, long kept) {}
