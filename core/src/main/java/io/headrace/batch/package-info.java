/**
 * Answers by the providers' asynchronous batch endpoints, at half the price. A {@link io.headrace.batch.BatchQueue} is where calls wait
 * for them on disk, {@link io.headrace.batch.BatchApi} what a provider offers. Nothing here knows a provider's wire or which step asks.
 */
@NullMarked
package io.headrace.batch;

import org.jspecify.annotations.NullMarked;
