package io.headrace.flow;

import io.headrace.ApiException;
import io.headrace.CallOptions;
import io.headrace.ErrorKind;
import io.headrace.ErrorText;
import io.headrace.Item;
import io.headrace.ItemNamespaces;
import io.headrace.Outcome;
import io.headrace.StorageException;
import io.headrace.Tally;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Exceptions;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.util.context.ContextView;

/**
 * What the steps that work item by item share: how many at once, in which order, on which threads. Each setter returns a
 * changed copy.
 *
 * <p>Outcomes are emitted on the thread that finishes an item. Cancelling the stream cancels the items in work. The errors that
 * end the stream are {@link StorageException}, for paying for answers that cannot be kept is no failure of an item, and an {@code
 * IllegalStateException} for an {@code OutOfMemoryError} and others of a Java process that may be broken.
 *
 * @param <I> the values it takes
 * @param <O> the values it gives
 * @param <S> the step itself
 */
public abstract sealed class ItemStep<I, O, S extends ItemStep<I, O, S>> implements Step<I, O>
        permits MapStep, FilterStep, ExpandStep, BatchStep {

    private static final Logger LOG = LoggerFactory.getLogger(ItemStep.class);
    private static final int MAX_MESSAGE = 1_000;

    private final String name;
    private final Window window;

    ItemStep(String name, Window window) {
        this.name = Objects.requireNonNull(name, "name");
        if (name.isBlank()) {
            throw new IllegalArgumentException("a step needs a name");
        }
        this.window = window;
    }

    /** This step with another window. */
    abstract S with(Window window);

    @Override
    public final String name() {
        return name;
    }

    final Window window() {
        return window;
    }

    /**
     * The most items at work at once, at least 1. Default 100, and up to 1,000 where a gate that learns its limit allows more; each call in
     * flight takes a file descriptor.
     *
     * <p>An item whose call waits, for a limit or before a retry, is not at work: it gives its place to another, and takes one again, before
     * new items, when it goes on. The step holds at most ten times as many items, waiting ones included. With {@link #ordered}, finished items
     * that wait for their turn keep their places.
     */
    public final S concurrency(int concurrency) {
        return with(window.withConcurrency(concurrency));
    }

    /**
     * Emits outcomes in the order of the items; by default each is emitted when it is done. A slow item then holds back up to {@code
     * concurrency} others, and meanwhile no new one starts.
     */
    public final S ordered() {
        return with(window.inOrder());
    }

    /**
     * Ends the stream with a {@link FailFastException} after this step's first failed item, and cancels the items in work.
     * By default a failure is an outcome like any other.
     */
    public final S failFast() {
        return with(window.failingFast());
    }

    /** {@link #offload(Supplier)} onto {@link Schedulers#parallel()}, for functions that compute. */
    public final S offload() {
        return offload(Schedulers::parallel);
    }

    /**
     * Calls the step's function on {@code scheduler}, so that it does not block the event loop that brings the item. What the function does
     * with the answer of a call still runs where the answer arrives: give heavy work on answers a step of its own.
     *
     * @param scheduler asked for each item, never disposed here
     */
    public final S offload(Supplier<? extends Scheduler> scheduler) {
        Objects.requireNonNull(scheduler, "scheduler");
        return with(window.offloadedTo(scheduler));
    }

    /** This step, steered by {@code control} while items pass. */
    public final S controlledBy(FlowControl control) {
        Objects.requireNonNull(control, "control");
        return with(window.controlledBy(control));
    }

    /**
     * Subscribes to {@code answer} for one item, measures what it takes, and makes a result of its value or its failure.
     *
     * @param slot the place of the item in the window
     * @param onValue makes the result of the value and of what the item took so far
     * @param onFailure makes the result of a failed outcome
     */
    final <V, R> Mono<R> measure(
            Outcome.Ok<?> ok,
            Slot slot,
            Supplier<? extends @Nullable Mono<V>> answer,
            BiFunction<V, Tally, R> onValue,
            Function<Outcome.Failed<O>, R> onFailure) {
        return new Measured<>(this, ok, slot, work(answer), onValue, onFailure).assembled();
    }

    final CallOptions options(Item<?> item, ContextView context) {
        ItemNamespaces ofStream = ItemNamespaces.from(context);
        ItemNamespaces namespaces = ofStream == null ? ItemNamespaces.of(name) : ofStream;
        return namespaces.options(name, item, CallOptions.from(context));
    }

    /** The function itself, or called on another thread, behind a guard of its own there. */
    private <V> Supplier<? extends @Nullable Mono<V>> work(Supplier<? extends @Nullable Mono<V>> answer) {
        Supplier<? extends Scheduler> offload = window.offload();
        return offload == null
                ? answer
                : () -> Guarded.of(answer)
                        .subscribeOn(Objects.requireNonNull(
                                offload.get(), "offload was given null in the place of a Scheduler"));
    }

    /** Whether {@code error} says nothing about its item: what is stored cannot be trusted, or the process cannot. */
    static boolean endsStream(Throwable error) {
        return error instanceof StorageException
                || (Exceptions.isJvmFatal(error)
                        && !(error instanceof StackOverflowError || error instanceof LinkageError));
    }

    final Throwable ending(Throwable error) {
        return error instanceof StorageException
                ? error
                : new IllegalStateException(
                        "step '" + name + "' ends the stream, for the Java process may be broken: "
                                + ErrorText.of(error),
                        error);
    }

    /** The failure of an item by {@code error}. */
    final Outcome.Failed<O> failed(Outcome.Ok<?> ok, Throwable error, Tally tally) {
        if (error instanceof ApiException api) {
            return new Outcome.Failed<>(ok.item(), name, api.kind(), message(api.getMessage()), tally);
        }
        String type = error.getClass().getSimpleName();
        String said = said(ok, error);
        String message = said == null ? type : type + ": " + said;
        return new Outcome.Failed<>(ok.item(), name, ErrorKind.STEP_FAILED, message(message), tally);
    }

    /** Null also for an error of the user's that throws when it is asked. */
    private @Nullable String said(Outcome.Ok<?> ok, Throwable error) {
        try {
            LOG.debug("step '{}' failed for item {}", name, ok.item().id(), error);
            return error.getMessage();
        } catch (RuntimeException | StackOverflowError e) {
            return null;
        }
    }

    private static String message(String message) {
        return message.length() <= MAX_MESSAGE ? message : message.substring(0, MAX_MESSAGE) + "...";
    }

    @Override
    public abstract Flux<Outcome<O>> apply(Flux<Outcome<I>> items);

    @Override
    public final String toString() {
        return getClass().getSimpleName() + "[" + name + "]";
    }
}
