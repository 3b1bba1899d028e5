/**
 * OpenAI and every server that speaks its API: start with {@link io.headrace.provider.openai.OpenAi}. Knows the fields and
 * errors of that API; connections belong to {@code io.headrace.provider.http}.
 */
@NullMarked
package io.headrace.provider.openai;

import org.jspecify.annotations.NullMarked;
