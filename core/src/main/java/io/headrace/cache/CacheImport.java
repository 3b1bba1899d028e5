package io.headrace.cache;

/**
 * What an import did.
 *
 * @param stored answers that were stored
 * @param kept answers that were there already and stay as they are
 * @param counted whether the lines said how many answers they are, and are so many. Without that line they may be cut at the end of
 *     one, or were exported by a version that did not write it
 */
public record CacheImport(long stored, long kept, boolean counted) {}
