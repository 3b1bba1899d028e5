package io.headrace.cache;

import io.headrace.ErrorText;
import io.headrace.Fingerprint;
import io.headrace.Require;
import io.headrace.cache.StoredEntry.Answer;
import java.time.Instant;
import java.util.Locale;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Signal;
import reactor.util.function.Tuples;

/**
 * What a person does with a cache: look into it, find out why a request was no hit, move answers elsewhere, clear it up and check
 * it. Works on any {@link ResponseCache}, and reads all of it for most questions: a few seconds for a million answers, on a heap
 * that does not grow with their number. Calls may go on meanwhile.
 *
 * <p>Every method is lazy and begins anew with each subscription; cancel ends the work where it is. What the cache fails with,
 * they fail with. Thread-safe.
 */
public final class CacheTools {

    /** Removals and stores under way at a time. */
    private static final int CONCURRENCY = 64;

    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private final ResponseCache cache;

    private CacheTools(ResponseCache cache) {
        this.cache = cache;
    }

    /** Tools for {@code cache}, which stays open: whoever opened it closes it. */
    public static CacheTools of(ResponseCache cache) {
        return new CacheTools(Objects.requireNonNull(cache, "cache"));
    }

    /** What is in the cache and what it saved, from reading all of it. */
    public Mono<CacheSummary> summary() {
        return cache.statistics()
                .flatMap(statistics -> cache.entries()
                        .collect(SummaryReading::new, SummaryReading::add)
                        .map(sums -> sums.summary(statistics)));
    }

    /**
     * The answers whose fingerprint begins with {@code prefix}, in no order.
     *
     * @param prefix 1 to 64 hex digits
     * @throws IllegalArgumentException for anything else
     */
    public Flux<Answer> find(String prefix) {
        String digits = prefix.toLowerCase(Locale.ROOT);
        if (!digits.matches("[0-9a-f]{1,64}")) {
            throw new IllegalArgumentException("a fingerprint is up to 64 hex digits, not '" + prefix + "'");
        }
        return answers().filter(answer -> answer.fingerprint().toString().startsWith(digits));
    }

    /**
     * Why {@code key} is no hit: the fields in which it differs from the stored request that is most like it, the latest of those
     * that are equally like it.
     */
    public Mono<WhyMiss> whyMiss(CallKey key) {
        Objects.requireNonNull(key, "key");
        return whyMiss(key, Instant.MAX);
    }

    /**
     * Why the call that bought a stored answer was no hit then: the same, among the answers stored before it. Empty if there is none
     * of that fingerprint.
     */
    public Mono<WhyMiss> whyMiss(Fingerprint fingerprint) {
        Objects.requireNonNull(fingerprint, "fingerprint");
        return answers()
                .filter(answer -> answer.fingerprint().equals(fingerprint))
                .reduce((one, other) ->
                        one.entry().storedAt().isAfter(other.entry().storedAt()) ? other : one)
                .flatMap(answer -> whyMiss(
                        new CallKey(fingerprint, answer.entry().fields()),
                        answer.entry().storedAt()));
    }

    private Mono<WhyMiss> whyMiss(CallKey key, Instant until) {
        return answers()
                .collect(() -> new MissReading(key, until), MissReading::add)
                .map(MissReading::whyMiss);
    }

    /**
     * All answers as lines of JSON without their ends, to be read by {@link #importLines}. Nothing of an answer is lost; hits are not
     * written. The last line says how many answers there were, as in <code>{"answers":3}</code>.
     *
     * @param damaged told of each record that cannot be written because it cannot be read
     */
    public Flux<String> exportLines(Consumer<StoredEntry.Damaged> damaged) {
        Objects.requireNonNull(damaged, "damaged");
        return Flux.defer(() -> {
            AtomicLong count = new AtomicLong();
            return answers(damaged)
                    .map(AnswerLines::write)
                    .doOnNext(line -> count.incrementAndGet())
                    .concatWith(Mono.fromSupplier(() -> AnswerLines.count(count.get())));
        });
    }

    /**
     * Stores what {@link #exportLines} wrote. An answer of the same fingerprint and sample that is there already stays, so that runs
     * on this cache go on reading what they read; so an import that failed can be done again.
     *
     * <p>Fails with {@link IllegalArgumentException} at the first line that is not as it was written, naming its number; those
     * before it are stored then. Fails so at the end, too, with all of them stored, if there are more or fewer answers than the lines
     * say. Lines may come in any order, of several exports one after another. Blank lines are skipped, and a byte order mark, which
     * editors put at the start of a file.
     */
    public Mono<CacheImport> importLines(Flux<String> lines) {
        Objects.requireNonNull(lines, "lines");
        return Mono.defer(() -> {
            Promised promised = new Promised();
            return lines.index((at, line) ->
                            Tuples.of(at, at == 0 && line.startsWith(BYTE_ORDER_MARK) ? line.substring(1) : line))
                    .filter(line -> !line.getT2().isBlank() && !promised.by(line.getT2()))
                    .map(line -> read(line.getT1() + 1, line.getT2()))
                    .materialize()
                    .flatMapSequential(this::keepOrEnd, CONCURRENCY, 1)
                    .<Boolean>dematerialize()
                    .collect(() -> new long[2], (counts, stored) -> counts[stored ? 0 : 1]++)
                    .map(counts -> new CacheImport(counts[0], counts[1], promised.isKept(counts[0] + counts[1])));
        });
    }

    private static Answer read(long number, String line) {
        try {
            return AnswerLines.read(line);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("line " + number + " is no exported answer: " + ErrorText.message(e), e);
        }
    }

    /** The end, or the error of a line, comes in its turn: when the answers before it are stored. */
    private Mono<Signal<Boolean>> keepOrEnd(Signal<Answer> line) {
        Answer answer = line.get();
        if (answer != null) {
            return keep(answer).map(Signal::next);
        }
        Throwable error = line.getThrowable();
        return Mono.just(error == null ? Signal.complete() : Signal.error(error));
    }

    private Mono<Boolean> keep(Answer answer) {
        return cache.get(answer.fingerprint(), answer.sample())
                .map(there -> false)
                .switchIfEmpty(Mono.defer(() -> cache.put(answer.fingerprint(), answer.sample(), answer.entry())
                        .thenReturn(true)));
    }

    /** How many answers are meant by {@code filter} and what they take: what {@link #remove} would remove. */
    public Mono<AnswerTotal> count(CacheFilter filter) {
        Objects.requireNonNull(filter, "filter");
        return total(answers().filter(answer -> filter.matches(answer.entry())));
    }

    /** Removes the answers that are meant by {@code filter}, gives back their space and tells what they were. */
    public Mono<AnswerTotal> remove(CacheFilter filter) {
        Objects.requireNonNull(filter, "filter");
        if (filter.isAll()) {
            return count(filter)
                    .flatMap(total -> cache.clear().then(cache.compact()).thenReturn(total));
        }
        return remove(() -> answer -> filter.matches(answer.entry()));
    }

    /**
     * The oldest answers that are too many for {@code maxBytes}: what {@link #pruneTo} would remove.
     *
     * @param maxBytes what the entries that stay may take together, uncompressed, at least 0
     * @throws IllegalArgumentException for a negative number
     */
    public Mono<AnswerTotal> countBeyond(long maxBytes) {
        return cut(maxBytes).flatMap(cut -> total(answers().filter(cut.oldest())));
    }

    /** Removes the oldest answers until the rest takes {@code maxBytes} at most, gives back their space and tells what they were. */
    public Mono<AnswerTotal> pruneTo(long maxBytes) {
        return cut(maxBytes).flatMap(cut -> remove(cut::oldest));
    }

    private Mono<SizeCut> cut(long maxBytes) {
        Require.atLeast(0, maxBytes, "maxBytes");
        return answers()
                .collect(SizeCut.Range::new, SizeCut.Range::add)
                .map(range -> range.cut(maxBytes))
                .expand(cut -> cut.isExact()
                        ? Mono.empty()
                        : answers()
                                .collect(cut::histogram, SizeCut.Histogram::add)
                                .map(SizeCut.Histogram::narrower))
                .last();
    }

    private Mono<AnswerTotal> remove(Supplier<Predicate<Answer>> which) {
        return Mono.defer(() -> total(answers()
                        .filter(which.get())
                        .flatMap(
                                answer -> cache.remove(answer.fingerprint(), answer.sample())
                                        .filter(removed -> removed)
                                        .map(removed -> answer),
                                CONCURRENCY,
                                1))
                .flatMap(total ->
                        total.count() == 0 ? Mono.just(total) : cache.compact().thenReturn(total)));
    }

    /**
     * Reads everything: that the checksums are right, that answers of known operations can be decoded, and that this process makes
     * the keys that all others make.
     */
    public Mono<CacheCheck> verify() {
        return cache.entries().collect(CheckReading::new, CheckReading::add).map(CheckReading::result);
    }

    private static Mono<AnswerTotal> total(Flux<Answer> answers) {
        return answers.reduce(AnswerTotal.NONE, (total, answer) -> total.plus(answer.entry()));
    }

    private Flux<Answer> answers() {
        return answers(damaged -> {});
    }

    private Flux<Answer> answers(Consumer<StoredEntry.Damaged> damaged) {
        return cache.entries().handle((stored, sink) -> {
            if (stored instanceof Answer answer) {
                sink.next(answer);
            } else if (stored instanceof StoredEntry.Damaged bad) {
                damaged.accept(bad);
            }
        });
    }

    /** How many answers the lines of an import say that they are. */
    private static final class Promised {

        private boolean any;
        private long answers;

        /** Whether {@code line} is one that says it. */
        boolean by(String line) {
            OptionalLong count = AnswerLines.count(line);
            any |= count.isPresent();
            answers += count.orElse(0);
            return count.isPresent();
        }

        boolean isKept(long read) {
            if (any && read != answers) {
                throw new IllegalArgumentException("the export was changed or cut: it is said to have " + answers
                        + " answers and not " + read + ", which are stored now");
            }
            return any;
        }
    }
}
