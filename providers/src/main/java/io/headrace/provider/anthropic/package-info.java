/**
 * Anthropic, and servers that speak its Messages API: start with {@link io.headrace.provider.anthropic.Anthropic}. Knows the
 * fields, versions and errors of that API; connections belong to {@code io.headrace.provider.http}.
 */
@NullMarked
package io.headrace.provider.anthropic;

import org.jspecify.annotations.NullMarked;
