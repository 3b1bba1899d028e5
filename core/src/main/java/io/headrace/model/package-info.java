/**
 * What providers have in common: {@link io.headrace.model.ChatRequest} and {@link io.headrace.model.ChatResponse} as any
 * provider takes and gives them, whole or in {@linkplain io.headrace.model.ChatDelta pieces}, {@link
 * io.headrace.model.EmbeddingRequest}, and what they cost by a {@link io.headrace.model.PriceTable}. Nothing here knows a wire
 * format or a cache.
 */
@NullMarked
package io.headrace.model;

import org.jspecify.annotations.NullMarked;
