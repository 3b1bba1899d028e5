package io.headrace.batch;

import io.headrace.ApiException;
import io.headrace.Cost;
import io.headrace.batch.Pack.Phase;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import reactor.core.Exceptions;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What there is to do for the packs of a queue, and in which order: batches that are out are asked after, doubts looked into, packs
 * submitted one after another for each lane. Each pack is worked on by one subscriber at a time; trouble with one lane holds up no other.
 * Thread-safe.
 */
final class Dispatcher {

    /** Batches that are attended to at a time. */
    private static final int ATTENDED = 4;

    private final QueueSettings settings;
    private final FileThread files;
    private final QueueDirectory directory;
    private final Packer packer;
    private final Map<String, Served<?, ?>> lanes;
    private final Endings endings;
    private final Caps caps;
    private final TokenQuotas quotas;
    private final Submitter submitter;
    private final Doubts doubts;
    private final Collector collector;

    Dispatcher(
            QueueSettings settings,
            FileThread files,
            QueueDirectory directory,
            Packer packer,
            Map<String, Served<?, ?>> lanes,
            Caps caps) {
        this.settings = settings;
        this.files = files;
        this.directory = directory;
        this.packer = packer;
        this.lanes = lanes;
        this.caps = caps;
        this.endings = new Endings(directory, packer);
        this.quotas = new TokenQuotas(settings.enqueuedTokens());
        Judge judge = new Judge(directory, endings, quotas, settings);
        this.submitter = new Submitter(files, directory, caps, judge, settings);
        this.doubts = new Doubts(files, directory, submitter, judge, settings);
        this.collector = new Collector(files, directory, packer, quotas, judge, settings);
    }

    /** What was known at some moment, to tell later whether there is news. */
    record Mark(long news, long missed) {}

    Mark mark() {
        return new Mark(directory.news(), directory.standings().missed());
    }

    /** For a subscriber who asks once. */
    Stops once() {
        return new Stops(settings.clock(), Duration.ZERO);
    }

    /** For a subscriber who asks again and again. */
    Stops patient() {
        return new Stops(settings.clock(), settings.doubtWindow());
    }

    /** Whether a pass that began at {@code mark} left nothing to wait for: what a cap alone holds back waits for its user. */
    boolean isDone(Mark mark, Stops stops) {
        List<Pack> rest = Stream.concat(served(), directory.leftovers().stream())
                .filter(pack -> lanes.containsKey(pack.lane) && !stops.holds(pack) && pack.requests > 0)
                .toList();
        return mark.equals(mark())
                && rest.stream()
                        .allMatch(pack -> pack.phase == Phase.SEALED
                                && directory.isLive(pack)
                                && !caps.admit(pack, directory.packs()));
    }

    /** What budgets keep from being submitted, once all is submitted for which there is room; null for nothing. */
    @Nullable
    HeldBack heldBack() throws IOException {
        Caps.Room room = caps.room(directory.packs());
        if (room == null) {
            return null;
        }
        List<Pack> waiting = served().filter(pack -> !pack.isOut()).toList();
        Plan plan = plan(waiting, room);
        long requests = plan.rest.stream().mapToLong(pack -> pack.requests).sum() - plan.first.requests();
        Cost most = plan.rest.stream().map(pack -> pack.ceiling).reduce(Cost.ZERO, Cost::plus);
        return requests == 0
                ? null
                : new HeldBack(
                        requests,
                        new Cost(most.usd().subtract(plan.first.usd()), most.unknown()),
                        room.cap(),
                        plan.room.left());
    }

    /**
     * What may go of some packs.
     *
     * @param room that is left then
     * @param rest packs for which there is none
     * @param first what may go of the first of these
     */
    private record Plan(Caps.Room room, List<Pack> rest, Packer.Part first) {}

    /** All packs for which there is room, and a part of one if nothing is out that may make more. */
    private Plan plan(List<Pack> waiting, Caps.Room room) throws IOException {
        Caps.Room left = room;
        List<Pack> rest = new ArrayList<>();
        for (Pack pack : waiting) {
            if (left.holds(pack)) {
                left = left.without(pack.ceiling.usd());
            } else if (pack.requests > 0) {
                rest.add(pack);
            }
        }
        boolean mayCut = !isAnyOut() && !rest.isEmpty() && rest.get(0).ceiling.isKnown();
        Packer.Part first = mayCut ? packer.within(left.left(), rest.get(0)) : Packer.Part.NONE;
        return new Plan(left.without(first.usd()), rest, first);
    }

    /** Cuts a pack for which there is no room where there is some for its first requests. */
    private void cut(Stops stops) throws IOException {
        Caps.Room room = caps.room(directory.packs());
        if (room == null) {
            return;
        }
        Plan plan = plan(
                served().filter(pack -> mayBegin(pack) && !stops.holds(pack)).toList(), room);
        if (plan.first.requests() > 0) {
            Pack pack = plan.rest.get(0);
            endings.again(pack, Objects.requireNonNull(lanes.get(pack.lane)), plan.first.requests());
        }
    }

    private boolean isAnyOut() {
        return served().anyMatch(Pack::isOut);
    }

    private static boolean mayBegin(Pack pack) {
        return pack.phase == Phase.SEALED && pack.holder == null && pack.withdrawal == Withdrawal.NONE;
    }

    /** Asks once after each batch that is out or in doubt, and takes in what has ended. */
    Mono<Void> attendAll(Stops stops) {
        return attend(pack -> true, stops);
    }

    /** Seals what waits, and tries once to submit each pack for which there is room. */
    Mono<Void> submitAll(Stops stops) {
        return submit(() -> seal(pack -> true), pack -> true, stops);
    }

    /** The same with packs that shall wait no longer. */
    Mono<Void> submitDue(Stops stops) {
        return submit(() -> sealDue(stops), this::isDue, stops);
    }

    /** Attends and submits, each as it is due, until there is news. */
    Mono<Void> awaitNews(Mark mark, Stops stops) {
        Mono<Void> next = files.call(() -> pause(stops))
                .flatMap(pause -> pause.isZero()
                        ? Mono.just(0L)
                        : Mono.delay(pause, settings.timer().get()))
                .then(attend(this::isDue, stops))
                .then(submitDue(stops));
        return files.call(() -> !mark.equals(mark()) || isDone(mark, stops))
                .flatMap(isOver -> isOver ? Mono.just(true) : next.thenReturn(false))
                .repeat()
                .takeUntil(isOver -> isOver)
                .then();
    }

    Mono<Void> cancel() {
        return Mono.defer(() -> {
            Stops stops = once();
            return files.run(this::giveUp)
                    .then(attendAll(stops))
                    .then(attend(Dispatcher::isToBeAsked, stops)) // what was in doubt and has shown
                    .then(raise(stops))
                    .then(files.run(this::raiseTrouble));
        });
    }

    private static boolean isToBeAsked(Pack pack) {
        return pack.phase == Phase.OUT && pack.withdrawal == Withdrawal.CANCELLED && !pack.cancelAsked;
    }

    /** A cancel that did not get through is not one that was asked for. */
    private void raiseTrouble() {
        served().filter(Dispatcher::isToBeAsked)
                .map(pack -> pack.trouble)
                .flatMap(Stream::ofNullable)
                .findFirst()
                .ifPresent(error -> {
                    throw error;
                });
    }

    /** The error for which lanes were stopped; completes if there is none. */
    Mono<Void> raise(Stops stops) {
        return files.run(() -> {
            ApiException error = stops.error();
            if (error != null) {
                throw error;
            }
        });
    }

    private Mono<Void> attend(Predicate<Pack> choice, Stops stops) {
        Flux<Mono<Void>> each = files.call(this::moved)
                .flatMapIterable(packs -> packs)
                .map(pack -> {
                    Served<?, ?> lane = lanes.get(pack.lane);
                    return lane == null ? Mono.<Void>empty() : attend(pack, lane, choice, stops);
                });
        return all(each, ATTENDED);
    }

    private Mono<Void> attend(Pack pack, Served<?, ?> lane, Predicate<Pack> choice, Stops stops) {
        return hold(
                pack,
                stops,
                () -> pack.isOut() && choice.test(pack),
                () -> pack.phase == Phase.OUT ? collector.poll(pack, lane) : doubts.resolve(pack, lane));
    }

    private Mono<Void> submit(FileThread.Work sealing, Predicate<Pack> choice, Stops stops) {
        return files.run(() -> {
                    sealing.run();
                    cut(stops);
                })
                .then(submit(choice, stops))
                .then(files.run(() -> stops.tell(heldBack())));
    }

    private Mono<Void> submit(Predicate<Pack> choice, Stops stops) {
        Flux<Mono<Void>> each = Flux.fromIterable(lanes.values())
                .map(lane -> files.call(() -> sealed(lane))
                        .flatMapIterable(packs -> packs)
                        .concatMap(
                                pack -> hold(
                                        pack,
                                        stops,
                                        () -> pack.phase == Phase.SEALED && choice.test(pack) && isAdmitted(pack),
                                        () -> submitter.submit(pack, lane)),
                                1)
                        .then());
        return all(each, Integer.MAX_VALUE);
    }

    private boolean isAdmitted(Pack pack) {
        return quotas.admits(pack, directory.packs()) && caps.admit(pack, directory.packs());
    }

    /** Runs all to their ends; errors come after that, the first with the others suppressed. */
    private static Mono<Void> all(Flux<Mono<Void>> each, int atATime) {
        return each.flatMapDelayError(one -> one, atATime, 1).then().onErrorMap(Exceptions::isMultiple, errors -> {
            List<Throwable> several = Exceptions.unwrapMultiple(errors);
            several.stream().skip(1).filter(error -> error != several.get(0)).forEach(several.get(0)::addSuppressed);
            return several.get(0);
        });
    }

    /** Keeps others off a pack while it is worked on, if it may be. An error of its provider stops its lane, or the pack. */
    private Mono<Void> hold(Pack pack, Stops stops, BooleanSupplier mayBegin, Supplier<Mono<Void>> work) {
        return Mono.usingWhen(
                Mono.fromSupplier(Object::new),
                holder -> files.call(() -> !stops.holds(pack) && take(pack, holder, mayBegin))
                        .flatMap(taken -> taken ? work.get() : Mono.<Void>empty())
                        .then(files.run(() -> stops.attended(pack)))
                        .onErrorResume(ApiException.class, error -> files.run(() -> stops.stop(pack, error))),
                holder -> files.run(() -> release(pack, holder)));
    }

    private boolean take(Pack pack, Object holder, BooleanSupplier mayBegin) {
        if (pack.holder != null || !directory.isLive(pack) || !mayBegin.getAsBoolean()) {
            return false;
        }
        pack.holder = holder;
        return true;
    }

    @SuppressWarnings("ReferenceEquality") // a holder is nothing but itself
    private static void release(Pack pack, Object holder) {
        if (pack.holder == holder) {
            pack.holder = null;
        }
    }

    /** All packs that are not collected, after what others left behind found its place and what nobody wants is gone. */
    private Collection<Pack> moved() throws IOException {
        for (Pack pack : directory.leftovers()) {
            Served<?, ?> lane = lanes.get(pack.lane);
            if (lane != null) {
                packer.move(pack, lane);
            }
        }
        for (Pack pack : directory.packs()) {
            if (pack.phase == Phase.SEALED && pack.withdrawal == Withdrawal.CANCELLED && pack.holder == null) {
                endings.drop(pack);
            }
        }
        return directory.packs();
    }

    private List<Pack> sealed(Served<?, ?> lane) {
        return served().filter(pack -> pack.lane.equals(lane.name()) && pack.phase == Phase.SEALED)
                .toList();
    }

    /** A small pack waits for what batches that are out may bring, unless nothing is brought by them any more. */
    private void sealDue(Stops stops) throws IOException {
        boolean anyOut = served().anyMatch(pack -> pack.isOut() && !stops.holds(pack));
        Instant now = settings.clock().instant();
        seal(pack -> !anyOut || !isSmall(pack) || !now.isBefore(pack.openedAt.plus(settings.fillTime())));
    }

    private void seal(Predicate<Pack> choice) throws IOException {
        for (Pack pack : served().toList()) {
            if (pack.phase == Phase.FILLING && pack.requests > 0 && choice.test(pack)) {
                directory.seal(pack);
            }
        }
    }

    private boolean isSmall(Pack pack) {
        Served<?, ?> lane = lanes.get(pack.lane);
        return lane != null && packer.isSmall(pack, lane.api().limits());
    }

    private boolean isDue(Pack pack) {
        return pack.pace().isDue(settings.clock().instant());
    }

    /** Until something is due. */
    private Duration pause(Stops stops) {
        Instant now = settings.clock().instant();
        Instant latest = now.plus(settings.polls().longest());
        Instant next = served().filter(pack -> !stops.holds(pack))
                .map(this::due)
                .flatMap(Stream::ofNullable)
                .reduce(latest, (one, other) -> one.isBefore(other) ? one : other);
        return next.isAfter(now) ? Duration.between(now, next) : Duration.ZERO;
    }

    private @Nullable Instant due(Pack pack) {
        if (pack.holder != null) {
            return settings.clock().instant().plus(settings.polls().first());
        }
        return switch (pack.phase) {
            case FILLING -> pack.requests == 0 ? null : pack.openedAt.plus(settings.fillTime());
            case SEALED -> isAdmitted(pack) ? pack.submissions.next() : null;
            case INTENDED, OUT -> pack.polls.next();
        };
    }

    private void giveUp() throws IOException {
        for (Pack pack : directory.packs()) {
            if (pack.phase == Phase.FILLING && pack.requests == 0) {
                continue;
            }
            if (pack.withdrawal != Withdrawal.CANCELLED) {
                directory.withdrawn(pack, Withdrawal.CANCELLED);
            }
            if (pack.phase == Phase.FILLING) {
                endings.drop(pack);
            }
        }
    }

    private Stream<Pack> served() {
        return directory.packs().stream().filter(pack -> lanes.containsKey(pack.lane));
    }
}
