/**
 * Where items come from: a {@link io.headrace.dataset.Dataset} reads JSON Lines, CSV, text, folders, collections or any
 * {@code Flux}, lazily and as often as asked. Nothing here knows what is done with the items.
 */
@NullMarked
package io.headrace.dataset;

import org.jspecify.annotations.NullMarked;
