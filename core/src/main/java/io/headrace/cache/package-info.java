/**
 * Answers that are already paid for. {@link io.headrace.cache.ResponseCache} is the store, a
 * {@link io.headrace.cache.KeyFunction} says which requests are the same, {@link io.headrace.cache.CacheEntry} is what is
 * kept. Nothing here knows how a call is made or which step makes it.
 */
@NullMarked
package io.headrace.cache;

import org.jspecify.annotations.NullMarked;
