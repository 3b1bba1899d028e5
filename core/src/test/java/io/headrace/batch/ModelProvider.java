package io.headrace.batch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.batch.BatchJob.Counts;
import io.headrace.batch.BatchJob.State;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A provider of batches in memory that outlives the processes that use it, and errs by chance. Knows of every batch that it made. A
 * request with {@code bad} in it is refused, one with {@code slow} never gets its turn. Not thread-safe.
 */
final class ModelProvider {

    /** How often, of 100 times, something goes wrong. Immutable but for its making. */
    static final class Faults {
        int refusedSubmissions;
        int lostAnswers;
        int lateBatches;
        int listLag;
        int outages;
        int failedBatches;
        int noRoom;
        int expiries;
        int erroredRequests;
        int missing;
        int duplicates;
        int foreign;
        int unreadable;
        int unkeepable;
        int noFiles;
        int brokenResults;

        static Faults none() {
            return new Faults();
        }

        static Faults mixed(Random random) {
            Faults faults = new Faults();
            faults.refusedSubmissions = random.nextInt(30);
            faults.lostAnswers = random.nextInt(40);
            faults.lateBatches = random.nextInt(30);
            faults.listLag = random.nextInt(30);
            faults.outages = random.nextInt(50);
            faults.failedBatches = random.nextInt(20);
            faults.noRoom = random.nextInt(20);
            faults.expiries = random.nextInt(20);
            faults.erroredRequests = random.nextInt(20);
            faults.missing = random.nextInt(20);
            faults.duplicates = random.nextInt(20);
            faults.foreign = random.nextInt(20);
            faults.unreadable = random.nextInt(10);
            faults.unkeepable = random.nextInt(10);
            faults.brokenResults = random.nextInt(40);
            return faults;
        }
    }

    /** A batch that was made. */
    static final class Made {
        String id = "";
        String tag = "";
        String upload = "";
        List<String> lines = List.of();
        Instant createdAt = Instant.EPOCH;
        Instant listedAt = Instant.EPOCH;
        Instant endsAt = Instant.EPOCH;
        State end = State.COMPLETED;
        ApiException problem;
        boolean cancelled;
        int answered;
        int errored;
        List<BatchResult<String>> results;

        boolean worked() {
            return end != State.FAILED;
        }
    }

    static final Duration WORK = Duration.ofHours(2);

    final List<Made> made = new ArrayList<>();
    final boolean keepsTags;
    Faults faults = Faults.none();
    long tokenRoom = Long.MAX_VALUE;
    Duration work = WORK;
    int polls;
    /** Ids that the account which asks has not. */
    final Set<String> hidden = new HashSet<>();

    /** What the account that asks is called; null if it does not answer that. */
    String account = "";

    boolean resultsAreDeleted;

    /** What happens while it is asked for its account. */
    Runnable whenAsked = () -> {};

    /** What happens when it has made a batch. */
    Runnable whenMade = () -> {};

    /** For answers, also those that it loses; a thousandth of a dollar for each character, as {@link MapLane} has it. */
    BigDecimal bill = BigDecimal.ZERO;

    /** What it says to whoever asks for its batches; null where it lists them. */
    ApiException noList;

    /** Whether it keeps to itself when batches were made. */
    boolean tellsNoTimes;

    /** Of those that it says it keeps. */
    boolean losesTags;

    private final Map<String, List<String>> uploads = new HashMap<>();
    private final Random random;
    private final Supplier<Instant> now;
    private int ids;

    ModelProvider(boolean keepsTags, Random random, Supplier<Instant> now) {
        this.keepsTags = keepsTags;
        this.random = random;
        this.now = now;
    }

    /** What one process has of it. */
    Api connect(Killer killer) {
        return new Api(killer);
    }

    private boolean by(int chance) {
        return random.nextInt(100) < chance;
    }

    private static ApiException error(ErrorKind kind, Delivery delivery) {
        return ApiException.builder(kind, "the model says " + kind.label())
                .delivery(delivery)
                .build();
    }

    private Made make(String tag, String upload, List<String> lines, Duration late) {
        Made batch = new Made();
        batch.id = "batch_" + ++ids;
        batch.tag = keepsTags && !losesTags ? tag : "";
        batch.upload = upload;
        batch.lines = List.copyOf(lines);
        batch.createdAt = now.get().plus(late);
        batch.listedAt = by(faults.listLag) ? batch.createdAt.plusSeconds(random.nextInt(300)) : batch.createdAt;
        batch.endsAt =
                batch.createdAt.plus(work.multipliedBy(1 + random.nextInt(10)).dividedBy(10));
        long queued = made.stream()
                .filter(other -> other.worked() && now.get().isBefore(other.endsAt))
                .mapToLong(other -> other.lines.size() * Calls.TOKENS)
                .sum();
        if (queued + lines.size() * Calls.TOKENS > tokenRoom || by(faults.noRoom)) {
            fail(batch, ErrorKind.RATE_LIMITED);
        } else if (by(faults.failedBatches)) {
            fail(batch, ErrorKind.SERVER_ERROR);
        } else if (by(faults.expiries)) {
            batch.end = State.EXPIRED;
        }
        made.add(batch);
        whenMade.run();
        return batch;
    }

    private void fail(Made batch, ErrorKind kind) {
        batch.end = State.FAILED;
        batch.endsAt = batch.createdAt.plusSeconds(60);
        batch.problem = error(kind, Delivery.REFUSED);
    }

    private BatchJob job(Made batch) {
        boolean ended = !now.get().isBefore(batch.endsAt);
        State state = ended ? batch.end : batch.cancelled ? State.CANCELLING : State.RUNNING;
        if (ended && batch.worked()) {
            results(batch);
        }
        return new BatchJob(
                batch.id,
                batch.tag,
                state,
                tellsNoTimes ? null : batch.createdAt,
                null,
                new Counts(batch.lines.size(), batch.answered, batch.errored),
                state == State.FAILED ? batch.problem : null,
                batch.upload.isEmpty() ? Map.of() : Map.of("requests", batch.upload));
    }

    private Made find(String id) {
        return made.stream()
                .filter(batch -> batch.id.equals(id) && !hidden.contains(id) && !batch.createdAt.isAfter(now.get()))
                .findFirst()
                .orElseThrow(() -> error(ErrorKind.NOT_FOUND, Delivery.REFUSED));
    }

    private List<BatchResult<String>> results(Made batch) {
        if (batch.results == null) {
            batch.results = new ArrayList<>();
            for (String line : batch.lines) {
                String id = line.substring(0, line.indexOf(' '));
                String request = line.substring(line.indexOf(' ') + 1);
                BatchResult<String> result = result(batch, id, request);
                if (!by(faults.missing) || batch.results.isEmpty()) { // else nothing would tell whose the batch is
                    batch.results.add(result);
                    if (by(faults.duplicates)) {
                        batch.results.add(result);
                    }
                }
            }
            if (by(faults.foreign)) {
                batch.results.add(new BatchResult.Answered<>("somebody-elses", "answer of nothing"));
                batch.results.add(new BatchResult.Answered<>(
                        new CustomId(Calls.fingerprint("foreign"), 0, "abcdefgh", 0).toString(), "answer of foreign"));
            }
            Collections.shuffle(batch.results, random);
            if (by(faults.noFiles)) {
                batch.results.clear();
            }
        }
        return batch.results;
    }

    private BatchResult<String> result(Made batch, String id, String request) {
        boolean inTime = batch.end == State.COMPLETED || random.nextBoolean();
        if (!inTime || request.contains("slow")) {
            return batch.end == State.CANCELLED ? new BatchResult.Cancelled<>(id) : new BatchResult.Expired<>(id);
        }
        if (request.contains("bad")) {
            batch.errored++;
            return new BatchResult.Errored<>(id, error(ErrorKind.INVALID_REQUEST, Delivery.REFUSED));
        }
        if (by(faults.erroredRequests)) {
            batch.errored++;
            return new BatchResult.Errored<>(id, error(ErrorKind.SERVER_ERROR, Delivery.REFUSED));
        }
        batch.answered++;
        boolean isUnreadable = by(faults.unreadable);
        String answer = !isUnreadable && by(faults.unkeepable) ? "unkeepable" : "answer of " + request;
        bill = batch.worked() ? bill.add(BigDecimal.valueOf(answer.length(), 3)) : bill;
        if (isUnreadable) {
            return new BatchResult.Unreadable<>(by(50) || batch.results.isEmpty() ? id : null, "line 7 is cut");
        }
        return new BatchResult.Answered<>(id, answer);
    }

    /** The provider as one process sees it. */
    final class Api extends IdleBatchApi {

        private final Killer killer;

        private Api(Killer killer) {
            this.killer = killer;
        }

        @Override
        public boolean keepsTags() {
            return keepsTags;
        }

        @Override
        public Mono<BatchAccount> account() {
            whenAsked.run();
            return account == null && noList == null
                    ? Mono.error(error(ErrorKind.INVALID_REQUEST, Delivery.REFUSED))
                    : super.account().map(seen -> new BatchAccount(account, seen.newest(), seen.newestAt()));
        }

        @Override
        public BatchLimits limits() {
            killer.step();
            return limits;
        }

        @Override
        public Mono<BatchJob> submit(String tag, Flux<byte[]> lines, Function<String, Mono<Void>> uploaded) {
            return lines.map(line -> new String(line, UTF_8)).collectList().flatMap(all -> {
                if (by(faults.refusedSubmissions)) {
                    ErrorKind kind =
                            by(50) ? ErrorKind.TRANSPORT : by(50) ? ErrorKind.OVERLOADED : ErrorKind.RATE_LIMITED;
                    return Mono.error(error(kind, by(50) ? Delivery.NOT_SENT : Delivery.REFUSED));
                }
                if (!keepsTags) {
                    return create(tag, "", all);
                }
                String handle = "file_" + ++ids;
                uploads.put(handle, all);
                return uploaded.apply(handle).then(Mono.defer(() -> create(tag, handle, all)));
            });
        }

        private Mono<BatchJob> create(String tag, String handle, List<String> lines) {
            return alive(() -> {
                if (by(faults.refusedSubmissions)) {
                    return Mono.error(error(ErrorKind.OVERLOADED, Delivery.REFUSED));
                }
                if (by(faults.lostAnswers)) {
                    if (by(50)) {
                        make(tag, handle, lines, Duration.ZERO);
                    }
                    return Mono.error(error(ErrorKind.TRANSPORT, Delivery.UNKNOWN));
                }
                if (by(faults.lateBatches)) {
                    make(tag, handle, lines, Duration.ofSeconds(random.nextInt(300)));
                    return Mono.error(error(ErrorKind.TIMEOUT, Delivery.UNKNOWN));
                }
                Made batch = make(tag, handle, lines, Duration.ZERO);
                return alive(() -> Mono.just(ModelProvider.this.job(batch)));
            });
        }

        @Override
        public Mono<Void> revoke(String upload) {
            return asked(() -> {
                assertThat(upload).as("what is revoked").isNotEmpty();
                uploads.remove(upload);
                Predicate<Made> isOfIt = batch -> batch.upload.equals(upload) && !hidden.contains(batch.id);
                made.removeIf(isOfIt.and(batch -> batch.createdAt.isAfter(now.get())));
                made.stream()
                        .filter(isOfIt.and(batch -> now.get().isBefore(batch.endsAt)))
                        .forEach(batch -> fail(batch, ErrorKind.INVALID_REQUEST));
                return Mono.empty();
            });
        }

        @Override
        public Mono<BatchJob> job(String id) {
            polls++;
            return asked(() -> Mono.just(ModelProvider.this.job(find(id))));
        }

        @Override
        public Flux<BatchJob> jobs(Instant since) {
            return noList != null
                    ? Flux.error(noList)
                    : asked(() -> Mono.just(made.stream()
                                    .filter(batch -> !hidden.contains(batch.id)
                                            && !batch.createdAt.isBefore(since)
                                            && !batch.createdAt.isAfter(now.get())
                                            && !batch.listedAt.isAfter(now.get()))
                                    .sorted((a, b) -> b.createdAt.compareTo(a.createdAt))
                                    .map(ModelProvider.this::job)
                                    .toList()))
                            .flatMapIterable(all -> all);
        }

        @Override
        public Flux<BatchResult<String>> results(BatchJob job) {
            return asked(() -> resultsAreDeleted
                            ? Mono.<List<BatchResult<String>>>error(error(ErrorKind.NOT_FOUND, Delivery.REFUSED))
                            : Mono.just(ModelProvider.this.results(find(job.id()))))
                    .flatMapMany(all -> {
                        boolean breaks = by(faults.brokenResults);
                        Flux<BatchResult<String>> some =
                                Flux.fromIterable(all).take(breaks ? random.nextInt(all.size() + 1) : all.size());
                        return breaks
                                ? some.concatWith(Mono.error(error(ErrorKind.TRANSPORT, Delivery.UNKNOWN)))
                                : some;
                    });
        }

        @Override
        public Mono<BatchJob> cancel(String id) {
            return asked(() -> {
                Made batch = find(id);
                if (now.get().isBefore(batch.endsAt) && !batch.cancelled) {
                    batch.cancelled = true;
                    batch.end = State.CANCELLED;
                    batch.endsAt = now.get().plusSeconds(120);
                }
                return Mono.just(ModelProvider.this.job(batch));
            });
        }

        private <T> Mono<T> asked(Supplier<Mono<T>> answer) {
            return alive(() ->
                    by(faults.outages) ? Mono.error(error(ErrorKind.TRANSPORT, Delivery.NOT_SENT)) : answer.get());
        }

        /** A process that is dead asks nothing and learns nothing. */
        private <T> Mono<T> alive(Supplier<Mono<T>> answer) {
            return Mono.defer(() -> {
                killer.step();
                return answer.get();
            });
        }
    }
}
