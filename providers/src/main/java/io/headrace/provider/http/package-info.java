/**
 * JSON over HTTP, as every provider needs it, and the only place that knows the HTTP client: connections and time limits
 * ({@link io.headrace.provider.http.HttpTransport}, the type to start with), requests and answers of one provider
 * ({@link io.headrace.provider.http.JsonApi}), and how a failure becomes an {@link io.headrace.ApiException}. Nothing here
 * knows the fields of a provider's requests, retries anything or limits a rate.
 *
 * <p>A new provider is a {@link io.headrace.provider.http.ChatOperation} with its
 * {@link io.headrace.provider.http.ChatEvents} and {@link io.headrace.provider.http.ErrorRules}, put together by a
 * {@link io.headrace.provider.http.ProviderBuilder}.
 */
@NullMarked
package io.headrace.provider.http;

import org.jspecify.annotations.NullMarked;
