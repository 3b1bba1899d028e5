package io.headrace.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Fingerprint;
import io.headrace.Tally;
import io.headrace.Usage;
import io.headrace.run.JournalRecord.AttemptEnded;
import io.headrace.run.JournalRecord.AttemptStarted;
import io.headrace.run.JournalRecord.Carried;
import io.headrace.run.JournalRecord.Done;
import io.headrace.run.JournalRecord.Finished;
import io.headrace.run.JournalRecord.Leaf;
import io.headrace.run.JournalRecord.Line;
import io.headrace.run.JournalRecord.RetryFailed;
import io.headrace.run.JournalRecord.RunStarted;
import io.headrace.run.JournalRecord.Sink;
import io.headrace.run.JournalRecord.Superseded;
import io.headrace.run.JournalRecord.Synced;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * How records lie in the journal, big-endian: type (1 byte), length of the payload (3), CRC32C of both and the payload (4),
 * payload. A type of zero is the end. Whole numbers are variable-length, seven bits a byte, low bits first; signed ones
 * are zigzag-coded. A type plus 16 is the same record whose usages also tell of tokens written to a provider's prompt cache,
 * a type plus 32 one whose tallies also tell of retries; each is written only where there are any.
 *
 * <p>One object encodes one record at a time into its own buffer. Not thread-safe.
 */
final class JournalFormat {

    /** Written to each run's first record; a journal of another format is not read. */
    static final int VERSION = 1;

    static final int HEADER_BYTES = 8;
    static final int MAX_PAYLOAD_BYTES = (1 << 24) - 1;

    private static final int STATUS_FAILED = 3;
    private static final int WITH_CACHE_WRITES = 16;
    private static final int WITH_RETRIES = 32;
    private static final Map<Integer, ErrorKind> KINDS = new HashMap<>();

    static {
        for (ErrorKind kind : ErrorKind.values()) {
            KINDS.put(kind.label().hashCode(), kind);
        }
    }

    private final CRC32C crc = new CRC32C();
    private byte[] bytes = new byte[512];
    private int at;
    private int extras;

    /** Encodes {@code record} into {@link #bytes}; gives its length. */
    int encode(JournalRecord record) {
        at = HEADER_BYTES;
        extras = extras(record);
        int type = payload(record) + extras;
        int length = at - HEADER_BYTES;
        if (length > MAX_PAYLOAD_BYTES) {
            throw new IllegalArgumentException("a journal record of " + length + " bytes is too long: shorten the run's"
                    + " configuration or the path of the dataset");
        }
        int end = at;
        at = 0;
        fixed32(type << 24 | length);
        crc.reset();
        crc.update(bytes, 0, 4);
        crc.update(bytes, HEADER_BYTES, length);
        fixed32((int) crc.getValue());
        at = end;
        return end;
    }

    /** Holds the record that was encoded last, from index 0. */
    byte[] bytes() {
        return bytes;
    }

    /** The length, header included, of the record whose header starts at {@code from}; 0 at the end of the journal. */
    static int length(byte[] source, int from) {
        return source[from] == 0 ? 0 : HEADER_BYTES + (int32(source, from) & MAX_PAYLOAD_BYTES);
    }

    /** The whole record at {@code from}; null if it is damaged or of a type that this version does not know. */
    @Nullable
    JournalRecord decode(byte[] source, int from, int length) {
        if (!isWhole(source, from, length)) {
            return null;
        }
        int extras = source[from] & (WITH_CACHE_WRITES | WITH_RETRIES);
        Reader in = new Reader(source, from + HEADER_BYTES, extras);
        return switch (source[from] - extras) {
            case 1 -> new RunStarted((int) in.number(), (int) in.number(), in.number(), in.text(), in.text());
            case 2 -> new Done(in.fixed64(), in.number(), in.fixed64(), in.status(), in.line(), in.tally());
            case 3 -> new Leaf(in.fixed64(), in.number(), in.fixed64(), in.path(), in.status(), in.line(), in.tally());
            case 4 ->
                new AttemptStarted(
                        in.number(),
                        new Fingerprint(in.fixed64(), in.fixed64(), in.fixed64(), in.fixed64()),
                        (int) in.number(),
                        in.cost());
            case 5 -> new AttemptEnded(in.number(), in.delivery(), in.usage(), in.cost());
            case 6 -> new Synced(in.number(), in.number());
            case 7 -> new Superseded(in.fixed64(), in.fixed64());
            case 8 -> new RetryFailed();
            case 9 -> new Finished(in.number());
            case 10 -> new Carried(totals(in, from + length));
            default -> null;
        };
    }

    /** Whether the record at {@code from} is what was written. */
    boolean isWhole(byte[] source, int from, int length) {
        crc.reset();
        crc.update(source, from, 4);
        crc.update(source, from + HEADER_BYTES, length - HEADER_BYTES);
        return (int) crc.getValue() == int32(source, from + 4);
    }

    /** The doubtful cost stands last: journals of before it was counted have none. */
    private static Totals totals(Reader in, int end) {
        long sent = in.number();
        long unknown = in.number();
        long lost = in.number();
        Cost lostCost = in.cost();
        Usage used = in.usage();
        Cost paid = in.cost();
        Tally items = in.tally();
        return new Totals(sent, unknown, lost, lostCost, used, paid, in.at < end ? in.cost() : Cost.ZERO, items);
    }

    private static int extras(JournalRecord record) {
        if (record instanceof AttemptEnded ended) {
            return extras(ended.usage());
        } else if (record instanceof Done done) {
            return extras(done.tally());
        } else if (record instanceof Leaf leaf) {
            return extras(leaf.tally());
        } else if (record instanceof Carried carried) {
            return extras(carried.totals().used()) | extras(carried.totals().items());
        }
        return 0;
    }

    private static int extras(Tally tally) {
        return extras(tally.usage()) | (tally.retried() > 0 ? WITH_RETRIES : 0);
    }

    private static int extras(Usage usage) {
        return usage.cacheWriteTokens() > 0 ? WITH_CACHE_WRITES : 0;
    }

    private int payload(JournalRecord record) {
        if (record instanceof AttemptStarted started) {
            number(started.attempt());
            fixed64(started.fingerprint().a());
            fixed64(started.fingerprint().b());
            fixed64(started.fingerprint().c());
            fixed64(started.fingerprint().d());
            number(started.sample());
            cost(started.reserved());
            return 4;
        } else if (record instanceof AttemptEnded ended) {
            number(ended.attempt());
            number(code(ended.delivery()));
            usage(ended.usage());
            cost(ended.cost());
            return 5;
        } else if (record instanceof Done done) {
            fixed64(done.key());
            number(done.ordinal());
            fixed64(done.version());
            status(done.status());
            line(done.line());
            tally(done.tally());
            return 2;
        } else if (record instanceof Leaf leaf) {
            fixed64(leaf.key());
            number(leaf.ordinal());
            fixed64(leaf.version());
            number(leaf.path().length);
            for (int i : leaf.path()) {
                number(i);
            }
            status(leaf.status());
            line(leaf.line());
            tally(leaf.tally());
            return 3;
        } else if (record instanceof Synced synced) {
            number(synced.results());
            number(synced.deadLetters());
            return 6;
        } else if (record instanceof Superseded superseded) {
            fixed64(superseded.key());
            fixed64(superseded.version());
            return 7;
        } else if (record instanceof RunStarted run) {
            number(run.format());
            number(run.run());
            number(run.timeMillis());
            text(run.pipeline());
            text(run.dataset());
            return 1;
        } else if (record instanceof RetryFailed) {
            return 8;
        } else if (record instanceof Finished finished) {
            number(finished.timeMillis());
            return 9;
        } else if (record instanceof Carried carried) {
            Totals totals = carried.totals();
            number(totals.sent());
            number(totals.unknown());
            number(totals.lost());
            cost(totals.lostCost());
            usage(totals.used());
            cost(totals.paid());
            tally(totals.items());
            cost(totals.doubtful());
            return 10;
        }
        throw new IllegalArgumentException("no format for " + record);
    }

    private void status(int status) {
        if (RowStatus.isFailed(status)) {
            number(STATUS_FAILED);
            room(4);
            fixed32(RowStatus.kind(status).label().hashCode());
        } else {
            number(status);
        }
    }

    private void line(Line line) {
        number(code(line.sink()));
        if (line.sink() != Sink.NONE) {
            number(line.end());
            room(4);
            fixed32(line.crc());
        }
    }

    private void tally(Tally tally) {
        number(tally.calls());
        number(tally.cached());
        number(tally.attempts());
        if ((extras & WITH_RETRIES) != 0) {
            number(tally.retried());
        }
        number(tally.elapsed().toNanos());
        number(tally.queued().toNanos());
        usage(tally.usage());
        cost(tally.cost());
        cost(tally.saved());
    }

    private void usage(Usage usage) {
        number(usage.inputTokens());
        number(usage.cachedInputTokens());
        if ((extras & WITH_CACHE_WRITES) != 0) {
            number(usage.cacheWriteTokens());
            number(usage.longCacheWriteTokens());
        }
        number(usage.outputTokens());
        number(usage.reasoningTokens());
        number(usage.unknown());
    }

    private void cost(Cost cost) {
        number(cost.unknown());
        byte[] digits = cost.usd().signum() == 0
                ? new byte[0]
                : cost.usd().unscaledValue().toByteArray();
        number(digits.length);
        if (digits.length > 0) {
            number((long) cost.usd().scale() << 1 ^ cost.usd().scale() >> 31);
            raw(digits);
        }
    }

    private void text(String text) {
        byte[] utf8 = text.getBytes(UTF_8);
        number(utf8.length);
        raw(utf8);
    }

    private void raw(byte[] source) {
        room(source.length);
        System.arraycopy(source, 0, bytes, at, source.length);
        at += source.length;
    }

    private void number(long value) {
        room(10);
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            bytes[at++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        bytes[at++] = (byte) rest;
    }

    private void fixed64(long value) {
        room(8);
        fixed32((int) (value >>> 32));
        fixed32((int) value);
    }

    private void fixed32(int value) {
        bytes[at++] = (byte) (value >>> 24);
        bytes[at++] = (byte) (value >>> 16);
        bytes[at++] = (byte) (value >>> 8);
        bytes[at++] = (byte) value;
    }

    private void room(int more) {
        if (bytes.length - at < more) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, at + more));
        }
    }

    private static int code(Delivery delivery) {
        return switch (delivery) {
            case NOT_SENT -> 0;
            case REFUSED -> 1;
            case UNKNOWN -> 2;
            case ANSWERED -> 3;
        };
    }

    private static int code(Sink sink) {
        return switch (sink) {
            case NONE -> 0;
            case RESULTS -> 1;
            case DEAD_LETTERS -> 2;
        };
    }

    private static int int32(byte[] source, int from) {
        return source[from] << 24
                | (source[from + 1] & 0xFF) << 16
                | (source[from + 2] & 0xFF) << 8
                | (source[from + 3] & 0xFF);
    }

    /** Reads a payload whose checksum is right. */
    private static final class Reader {

        private final byte[] source;
        private final int extras;
        private int at;

        Reader(byte[] source, int at, int extras) {
            this.source = source;
            this.at = at;
            this.extras = extras;
        }

        /** A number that only records of such a type have; else 0. */
        long extra(int which) {
            return (extras & which) == 0 ? 0 : number();
        }

        long number() {
            long value = 0;
            for (int shift = 0; ; shift += 7) {
                byte next = source[at++];
                value |= (long) (next & 0x7F) << shift;
                if (next >= 0) {
                    return value;
                }
            }
        }

        long fixed64() {
            return (long) fixed32() << 32 | (fixed32() & 0xFFFFFFFFL);
        }

        int fixed32() {
            at += 4;
            return int32(source, at - 4);
        }

        String text() {
            return new String(raw(), UTF_8);
        }

        byte[] raw() {
            int length = (int) number();
            at += length;
            return Arrays.copyOfRange(source, at - length, at);
        }

        int status() {
            int status = (int) number();
            return status == STATUS_FAILED
                    ? RowStatus.failed(KINDS.getOrDefault(fixed32(), ErrorKind.STEP_FAILED))
                    : status;
        }

        Delivery delivery() {
            return switch ((int) number()) {
                case 0 -> Delivery.NOT_SENT;
                case 1 -> Delivery.REFUSED;
                case 3 -> Delivery.ANSWERED;
                default -> Delivery.UNKNOWN;
            };
        }

        Sink sink() {
            return switch ((int) number()) {
                case 1 -> Sink.RESULTS;
                case 2 -> Sink.DEAD_LETTERS;
                default -> Sink.NONE;
            };
        }

        int[] path() {
            int[] path = new int[(int) number()];
            for (int i = 0; i < path.length; i++) {
                path[i] = (int) number();
            }
            return path;
        }

        Line line() {
            Sink sink = sink();
            return sink == Sink.NONE ? Line.NONE : new Line(sink, number(), fixed32());
        }

        Tally tally() {
            return new Tally(
                    number(),
                    number(),
                    number(),
                    extra(WITH_RETRIES),
                    Duration.ofNanos(number()),
                    Duration.ofNanos(number()),
                    usage(),
                    cost(),
                    cost());
        }

        Usage usage() {
            return new Usage(
                    number(),
                    number(),
                    extra(WITH_CACHE_WRITES),
                    extra(WITH_CACHE_WRITES),
                    number(),
                    number(),
                    number());
        }

        Cost cost() {
            long unknown = number();
            int length = (int) number();
            if (length == 0) {
                return unknown == 0 ? Cost.ZERO : new Cost(BigDecimal.ZERO, unknown);
            }
            long zigzag = number();
            at += length;
            BigInteger digits = new BigInteger(source, at - length, length);
            return new Cost(new BigDecimal(digits, (int) (zigzag >>> 1 ^ -(zigzag & 1))), unknown);
        }
    }
}
