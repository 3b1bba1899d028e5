/**
 * Answers by the providers' asynchronous batch endpoints, at half the price. {@link io.headrace.batch.BatchApi} is what a provider
 * offers. Nothing here knows a provider's wire or which step asks.
 */
@NullMarked
package io.headrace.batch;

import org.jspecify.annotations.NullMarked;
