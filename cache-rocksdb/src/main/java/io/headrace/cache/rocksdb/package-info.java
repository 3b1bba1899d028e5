/**
 * Answers on disk: {@link io.headrace.cache.rocksdb.RocksDbCache} is a {@link io.headrace.cache.ResponseCache} in one folder,
 * for one process at a time. Nothing here knows how answers are made or keyed.
 */
@NullMarked
package io.headrace.cache.rocksdb;

import org.jspecify.annotations.NullMarked;
