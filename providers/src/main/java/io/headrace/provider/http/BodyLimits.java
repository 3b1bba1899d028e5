package io.headrace.provider.http;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How long answers may be: each of them, and the long ones of a transport together, for the heap has to hold them. One alone may always
 * be as long as it may. Of each answer the first 256 KiB are not counted. Thread-safe.
 */
final class BodyLimits {

    /** Long bodies are counted in pieces of this. */
    private static final int PIECE = 256 << 10;

    private final long each;
    private final long together;
    private final AtomicLong held = new AtomicLong();

    /**
     * @param each most bytes of one body
     * @param together most bytes of long bodies at a time
     */
    BodyLimits(long each, long together) {
        this.each = each;
        this.together = together;
    }

    long each() {
        return each;
    }

    /** That of one answer. */
    Share share() {
        return new Share();
    }

    /** What one answer takes; it grows on one thread, and may end on another. */
    final class Share {

        private long taken = PIECE;
        private boolean over;

        /**
         * The body, or the room for it, is that long from now on.
         *
         * @throws BodyTooLongException if it may not be
         */
        void grow(long length) {
            if (length > each) {
                throw BodyTooLongException.of(each);
            }
            if (length > taken) {
                take(length - taken);
            }
        }

        private synchronized void take(long bytes) {
            long more = (bytes / PIECE + 1) * PIECE;
            if (over) {
                return;
            }
            if (held.addAndGet(more) > together && held.get() > taken + more - PIECE) {
                held.addAndGet(-more);
                throw BodyTooLongException.together(together);
            }
            taken += more;
        }

        /** The answer was read, or nobody wants it. */
        synchronized void end() {
            if (!over) {
                over = true;
                held.addAndGet(PIECE - taken);
            }
        }
    }

    /** The body is longer than {@link HttpTransport.Builder#maxBodyBytes}, or there are too many long ones. */
    static final class BodyTooLongException extends RuntimeException {

        private final boolean isTransient;

        private BodyTooLongException(String message, boolean isTransient) {
            super(message, null, false, false);
            this.isTransient = isTransient;
        }

        private static BodyTooLongException of(long maxBytes) {
            return new BodyTooLongException("the answer is longer than maxBodyBytes, " + maxBytes, false);
        }

        private static BodyTooLongException together(long bytes) {
            return new BodyTooLongException(
                    "the long answers on their way take more than a quarter of the heap, " + bytes
                            + " bytes: lower the concurrency or maxBodyBytes, or give the process a larger heap",
                    true);
        }

        /** Whether it may well be read when others are over. */
        boolean isTransient() {
            return isTransient;
        }
    }
}
