/** How much memory this process has, and how much of it is in use. Knows nothing of what uses it. */
@NullMarked
package io.headrace.memory;

import org.jspecify.annotations.NullMarked;
