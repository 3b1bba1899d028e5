package io.headrace.flow;

import io.headrace.ErrorKind;
import io.headrace.Item;
import io.headrace.Outcome;
import io.headrace.Tally;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** Some items that a {@link BatchStep} answers together. Its members are fixed once it has started. */
final class StepBatch<I, O> {

    private final StepBatches<I, O> batches;
    private final BatchStep<I, O> step;
    private final List<Outcome.Ok<I>> members = new ArrayList<>();
    private final Sinks.Empty<Void> start = Sinks.empty();
    private final Mono<Map<Member, Outcome<O>>> outcomes;
    private @Nullable Slot slot; // of any member
    private boolean started;
    private @Nullable Disposable clock;
    private @Nullable RuntimeException noClock;

    StepBatch(StepBatches<I, O> batches, BatchStep<I, O> step) {
        this.batches = batches;
        this.step = step;
        this.outcomes = start.asMono()
                .then(Mono.defer(this::answer))
                .doOnCancel(this::stopClock)
                .share();
    }

    /** Under the lock of the batches; gives how many members there are. */
    int add(Outcome.Ok<I> member, Slot itsSlot) {
        members.add(member);
        slot = itsSlot;
        return members.size();
    }

    Mono<Outcome<O>> outcomeOf(Item<I> item) {
        return outcomes.map(all -> Objects.requireNonNull(all.get(Member.of(item))));
    }

    /** A batch whose time nobody can take fails at once. */
    void startLater() {
        try {
            setClock();
        } catch (RuntimeException e) {
            noClock = e;
            batches.startOnTime(this);
        }
    }

    private synchronized void setClock() {
        if (clock == null && !started) {
            clock = step.timer
                    .get()
                    .schedule(
                            () -> batches.startOnTime(this),
                            TimeUnit.NANOSECONDS.convert(step.maxWait),
                            TimeUnit.NANOSECONDS);
        }
    }

    void start() {
        stopClock();
        start.tryEmitEmpty();
    }

    private synchronized void stopClock() {
        started = true;
        if (clock != null) {
            clock.dispose();
        }
    }

    private Mono<Map<Member, Outcome<O>>> answer() {
        return step.measure(
                members.get(0),
                Objects.requireNonNull(slot).together(members.size()),
                this::answers,
                this::answered,
                this::failed);
    }

    /** The first answer to each item; null for one that has none. */
    private Mono<Map<Member, @Nullable Item<O>>> answers() {
        if (noClock != null) {
            return Mono.error(new IllegalStateException("the batch step's timer failed: " + noClock, noClock));
        }
        List<Item<I>> items = members.stream().map(Outcome.Ok::item).toList();
        Flux<Item<O>> answers = Objects.requireNonNull(
                step.function.apply(items), "the function returned null, it must return a Flux of the items");
        return answers.collect(() -> asked(items), this::take);
    }

    private static <I, O> Map<Member, @Nullable Item<O>> asked(List<Item<I>> items) {
        Map<Member, @Nullable Item<O>> asked = new HashMap<>();
        items.forEach(item -> asked.put(Member.of(item), null));
        return asked;
    }

    private void take(Map<Member, @Nullable Item<O>> answers, Item<O> answer) {
        Member member = Member.of(answer);
        if (!answers.containsKey(member) || answers.putIfAbsent(member, answer) != null) {
            batches.extraAnswer(answer);
        }
    }

    private Map<Member, Outcome<O>> answered(Map<Member, @Nullable Item<O>> answers, Tally tally) {
        return outcomes(tally, (item, itsTally) -> {
            Item<O> answer = answers.get(Member.of(item));
            return answer != null
                    ? new Outcome.Ok<>(item.withValue(answer.value()), itsTally)
                    : new Outcome.Failed<>(
                            item,
                            step.name(),
                            ErrorKind.STEP_FAILED,
                            "the batch of " + members.size() + " items brought no answer for this one",
                            itsTally);
        });
    }

    private Map<Member, Outcome<O>> failed(Outcome.Failed<O> first) {
        return outcomes(
                first.tally(),
                (item, itsTally) -> new Outcome.Failed<>(item, step.name(), first.kind(), first.message(), itsTally));
    }

    private Map<Member, Outcome<O>> outcomes(Tally batch, BiFunction<Item<I>, Tally, Outcome<O>> outcome) {
        Map<Member, Outcome<O>> outcomes = new HashMap<>();
        for (int i = 0; i < members.size(); i++) {
            Outcome.Ok<I> member = members.get(i);
            outcomes.put(Member.of(member.item()), outcome.apply(member.item(), i == 0 ? batch : member.tally()));
        }
        return outcomes;
    }

    /** By what an answer finds its item: ids alone may occur twice in a stream that nothing checked. */
    private record Member(long ordinal, String id) {

        static Member of(Item<?> item) {
            return new Member(item.ordinal(), item.id());
        }
    }
}
