/**
 * The {@code headrace} command: a thin shell that turns options into library objects and their results into text and exit
 * codes. {@link io.headrace.cli.Main} is the entry. What a person could want without a terminal belongs in the library.
 */
@NullMarked
package io.headrace.cli;

import org.jspecify.annotations.NullMarked;
