package io.headrace.run;

import io.headrace.ErrorKind;
import io.headrace.Outcome;
import io.headrace.Outcome.Failed;
import io.headrace.observe.CallEvent;
import io.headrace.observe.CallListener;
import io.headrace.run.StepCalls.Streak;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/**
 * Stops a run when the items of a step fail one after another for a reason that is not their own: the account, the model, or a provider that
 * cannot be reached.
 *
 * <p>One such failure proves nothing, since an item may ask for a model of its own. So the item is held back: when a call of the same step is
 * answered, it becomes a failure; when the run stops, it stays pending. A few failures in a row prove nothing either, since refusals are
 * faster than answers: as many more must fail as calls were in flight at any of them. No more items are held than it takes to stop.
 *
 * <p>An answer from the cache was bought earlier and proves nothing about the account. But it ends a streak of failures for a missing model, and
 * these items fail, since the others may ask for another model.
 *
 * <p>A pass in which items still wait for batches does not judge what batches failed.
 *
 * <p>Hears events on any thread; outcomes come one after another.
 */
final class AccountGuard<O> implements CallListener {

    private static final Set<ErrorKind> HOPELESS =
            EnumSet.of(ErrorKind.AUTHENTICATION, ErrorKind.QUOTA_EXHAUSTED, ErrorKind.NOT_FOUND, ErrorKind.TRANSPORT);

    private final int limit;
    private final BooleanSupplier hasResults;
    private final Consumer<String> stop;
    private final Map<String, StepCalls> steps = new ConcurrentHashMap<>();
    private final List<Held<O>> held = new ArrayList<>();
    private boolean stopped;
    private boolean waits;

    /** A failure of which it is not clear yet whose it is. */
    private record Held<O>(Failed<O> failed, Streak streak, long answers) {}

    /**
     * @param limit failures in a row that stop the run; 0 switches the guard off
     * @param hasResults whether the same pipeline has ever brought a result
     * @param stop told the reason, once
     */
    AccountGuard(int limit, BooleanSupplier hasResults, Consumer<String> stop) {
        this.limit = limit;
        this.hasResults = hasResults;
        this.stop = stop;
    }

    /** A call outside any step is nobody's failure. */
    @Override
    public void on(CallEvent event) {}

    @Override
    public CallListener forStep(String step) {
        return limit == 0 ? CallListener.noop() : calls(step);
    }

    /** The outcomes that are clear, in their order as far as possible. */
    Flux<Outcome<O>> judge(Flux<Outcome<O>> outcomes) {
        return limit == 0
                ? outcomes
                : outcomes.concatMapIterable(this::judge).concatWith(Flux.defer(() -> Flux.fromIterable(atEnd())));
    }

    private List<Outcome<O>> judge(Outcome<O> outcome) {
        if (outcome instanceof Failed<O> failed && failed.kind() == ErrorKind.UNAVAILABLE) {
            stopped = true; // the run stops for an outage, which those held have only met earlier
            held.clear();
        }
        if (outcome instanceof Failed<O> failed && failed.kind() == ErrorKind.PARKED) {
            waits = true;
        }
        Streak streak = suspected(outcome);
        if (streak == null && held.isEmpty()) {
            return Collections.singletonList(outcome);
        }
        if (outcome instanceof Outcome.Ok) {
            boolean bought = outcome.tally().attempts() > 0;
            held.forEach(one -> one.streak().passed(bought)); // it passed their steps
        }
        List<Outcome<O>> clear = released();
        if (streak == null) {
            clear.add(outcome);
        } else if (!stopped) {
            Failed<O> failed = (Failed<O>) outcome;
            long answers = streak.answers();
            held.add(new Held<>(failed, streak, answers));
            if (streak.failed(limit)) {
                stop(streak.length() + " items in a row failed in step '" + failed.step() + "', the last: "
                        + failed.message());
            }
        }
        return clear;
    }

    /** A step of which no call was heard makes none, or on the side. */
    private @Nullable Streak suspected(Outcome<O> outcome) {
        if (!(outcome instanceof Failed<O> failed) || !HOPELESS.contains(failed.kind())) {
            return null;
        }
        StepCalls calls = steps.get(failed.step());
        return calls != null && calls.heard() ? calls.streak(failed.kind()) : null;
    }

    /** Those whose step was answered since they failed. */
    private List<Outcome<O>> released() {
        List<Outcome<O>> clear = new ArrayList<>(2);
        held.removeIf(one -> one.streak().answers() > one.answers() && clear.add(one.failed()));
        return clear;
    }

    /** A few failures behind answered calls are their items'; where no call was answered, they are not. */
    private List<Outcome<O>> atEnd() {
        List<Outcome<O>> clear = released();
        if (stopped) {
            return clear;
        }
        if (waits) { // it is pending like those that wait; their answers will tell
            held.removeIf(one -> one.failed().tally().attempts() == 0);
        }
        held.removeIf(one -> (one.streak().answers() > 0
                        || (one.failed().kind() == ErrorKind.NOT_FOUND && hasResults.getAsBoolean()))
                && clear.add(one.failed()));
        if (!held.isEmpty()) {
            Held<O> last = held.get(held.size() - 1);
            stop("no call of step '" + last.failed().step() + "' was answered, the last: "
                    + last.failed().message());
        }
        return clear;
    }

    private void stop(String reason) {
        stopped = true;
        held.clear();
        stop.accept(reason);
    }

    private StepCalls calls(String step) {
        StepCalls calls = steps.get(step); // computeIfAbsent may lock
        return calls != null ? calls : steps.computeIfAbsent(step, name -> new StepCalls());
    }
}
