package io.headrace.testkit;

import io.headrace.Require;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * A way in which a provider fails a request. Refusals are answered at once, in the error shape of the wire that was asked;
 * {@link #cutBody()} and {@link #resetAfterRead()} come after the latency of a real answer, because there the work was done.
 */
public sealed interface Fault {

    /** The fault in logs and statistics, such as {@code server-error}. */
    String label();

    /**
     * 429 with {@code retry-after} in whole seconds, rounded up, and {@code retry-after-ms} where that is more exact.
     *
     * @param retryAfter at least 0
     */
    static Fault rateLimited(Duration retryAfter) {
        return new RateLimited(retryAfter);
    }

    /** 429 without a delay, in the words for credit or spend limits that are used up: a retry never helps. */
    static Fault quotaExhausted() {
        return Refusal.QUOTA_EXHAUSTED;
    }

    /** 500. */
    static Fault serverError() {
        return Refusal.SERVER_ERROR;
    }

    /** 503. */
    static Fault unavailable() {
        return Refusal.UNAVAILABLE;
    }

    /** 529, the whole service is busy. */
    static Fault overloaded() {
        return Refusal.OVERLOADED;
    }

    /**
     * TCP reset before any work was done; over HTTP/2 a reset of the stream with {@code INTERNAL_ERROR}. From
     * {@link SimulatedProvider#failNext} it comes when the head of the request has arrived, with the body unread; by rate or predicate,
     * which need the body, when the body has arrived.
     */
    static Fault resetBeforeRead() {
        return Disruption.RESET_BEFORE_READ;
    }

    /** Like {@link #resetBeforeRead}, in place of the answer, after the work was done. */
    static Fault resetAfterRead() {
        return Disruption.RESET_AFTER_READ;
    }

    /** Status 200, all headers, half of the body or of the events, then the connection closes, or over HTTP/2 the stream. */
    static Fault cutBody() {
        return Disruption.CUT_BODY;
    }

    /** Never answers; ends when the client goes away. */
    static Fault stall() {
        return Disruption.STALL;
    }

    /**
     * The server wants no further request on this connection and says that it did nothing for this one: {@code GOAWAY} with a
     * last stream before it. Over HTTP/1.1, which cannot say so, the connection closes without an answer.
     */
    static Fault goAway() {
        return Disruption.GO_AWAY;
    }

    /** The server says that it did nothing for this request: {@code REFUSED_STREAM}. Over HTTP/1.1 as {@link #goAway}. */
    static Fault refusedStream() {
        return Disruption.REFUSED_STREAM;
    }

    /**
     * Status 200, so many events of a stream, then the connection closes, or over HTTP/2 the stream. Like all faults within a
     * stream it takes half of the body for one event where a whole answer was asked for.
     *
     * @param events at least 0; of all events if the stream has fewer
     */
    static Fault cutStream(int events) {
        return new InStream(InStream.Kind.STREAM_CUT, events);
    }

    /** Like {@link #cutStream}, but it ends in good order, so that only the missing end marker tells. */
    static Fault endStream(int events) {
        return new InStream(InStream.Kind.STREAM_ENDED, events);
    }

    /** Like {@link #cutStream}, but nothing follows any more until the client goes away. */
    static Fault stallStream(int events) {
        return new InStream(InStream.Kind.STREAM_STALLED, events);
    }

    /** After so many events one whose data is broken JSON, then the others. */
    static Fault malformedEvent(int events) {
        return new InStream(InStream.Kind.MALFORMED_EVENT, events);
    }

    /** After so many events one that tells that the service is overloaded; it is the last. The status stays 200. */
    static Fault errorEvent(int events) {
        return new InStream(InStream.Kind.ERROR_EVENT, events);
    }

    /**
     * The good answer, dribbled: so many bytes at a time.
     *
     * @param bytes of each piece, at least 1
     * @param pause before each piece, may be zero
     */
    static Fault dribble(int bytes, Duration pause) {
        return new Dribble(bytes, pause);
    }

    /** Any other answer, byte for byte: a gateway's HTML, an error that has no name here. Its label is {@code status-<n>}. */
    static Fault answer(int status, Map<String, String> headers, String body) {
        return new Verbatim(status, headers, body);
    }

    /**
     * TCP reset when so many bytes of the body of an upload have come, or all of a shorter one; nothing is accepted then. For the files
     * and batches that a client uploads; any other request is reset after the work.
     *
     * @param bytes at least 0
     */
    static Fault cutRequest(long bytes) {
        return new BodyCut(bytes);
    }

    /** What is asked for is done, and a TCP reset comes in place of the answer. For files and batches; any other request is only reset. */
    static Fault accepted() {
        return new Acceptance(Duration.ZERO, false);
    }

    /** Like {@link #accepted}, but nothing comes in place of the answer, until the client goes away. */
    static Fault acceptedSilently() {
        return new Acceptance(Duration.ZERO, true);
    }

    /**
     * Like {@link #accepted}, but a batch that is asked for is made only {@code after} the reset, and no list shows it before. If its
     * input file is deleted by then, it is never made.
     *
     * @param after above 0, by the provider's clock
     */
    static Fault acceptedLate(Duration after) {
        return new Acceptance(after, false);
    }

    /** See {@link Fault#cutRequest}. */
    record BodyCut(long bytes) implements Fault {

        @Override
        public String label() {
            return "cut-request";
        }
    }

    /** See {@link Fault#accepted} and those after it. */
    record Acceptance(Duration after, boolean stalls) implements Fault {

        @Override
        public String label() {
            return after.isZero() ? stalls ? "accepted-silently" : "accepted" : "accepted-late";
        }
    }

    /** See {@link Fault#cutStream} and those after it. */
    record InStream(Kind kind, int events) implements Fault {

        /** What goes wrong. */
        public enum Kind {
            STREAM_CUT,
            STREAM_ENDED,
            STREAM_STALLED,
            MALFORMED_EVENT,
            ERROR_EVENT;

            private final String label = name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        public InStream {
            Objects.requireNonNull(kind, "kind");
            Require.atLeast(0, events, "events");
        }

        @Override
        public String label() {
            return kind.label;
        }
    }

    /** See {@link Fault#dribble}. */
    record Dribble(int bytes, Duration pause) implements Fault {

        public Dribble {
            Require.atLeast(1, bytes, "bytes");
            Require.notNegative(pause, "pause");
        }

        @Override
        public String label() {
            return "dribble";
        }
    }

    /** See {@link Fault#rateLimited}. */
    record RateLimited(Duration retryAfter) implements Fault {

        public RateLimited {
            Require.notNegative(retryAfter, "retryAfter");
        }

        @Override
        public String label() {
            return "rate-limited";
        }
    }

    /** See {@link Fault#answer}. */
    record Verbatim(int status, Map<String, String> headers, String body) implements Fault {

        public Verbatim {
            if (status < 200 || status > 999) {
                throw new IllegalArgumentException("status must be 200 to 999, is " + status);
            }
            headers = Map.copyOf(headers);
            Objects.requireNonNull(body, "body");
        }

        @Override
        public String label() {
            return "status-" + status;
        }
    }

    /** A refusal without parameters. */
    enum Refusal implements Fault {
        QUOTA_EXHAUSTED,
        SERVER_ERROR,
        UNAVAILABLE,
        OVERLOADED;

        private final String label = name().toLowerCase(Locale.ROOT).replace('_', '-');

        @Override
        public String label() {
            return label;
        }
    }

    /** A connection that does not bring the answer. */
    enum Disruption implements Fault {
        RESET_BEFORE_READ,
        RESET_AFTER_READ,
        CUT_BODY,
        STALL,
        GO_AWAY,
        REFUSED_STREAM;

        private final String label = name().toLowerCase(Locale.ROOT).replace('_', '-');

        @Override
        public String label() {
            return label;
        }
    }
}
