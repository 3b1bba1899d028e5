/**
 * What directories that survive a crash have in common: a lock, memory off the heap, a thread for files, and where they are for a
 * user. For the stores of this library; {@link io.headrace.files.DirectoryLock} is where most begin. Nothing here knows what the files hold.
 */
@NullMarked
package io.headrace.files;

import org.jspecify.annotations.NullMarked;
