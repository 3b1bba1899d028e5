package io.headrace.layer;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.ErrorShield;
import io.headrace.Usage;
import io.headrace.layer.BatchRequest.Element;
import io.headrace.layer.BatchResponse.Failure;
import io.headrace.layer.BatchResponse.Result;
import io.headrace.layer.MicroBatchMember.Caller;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;
import reactor.util.context.Context;

/** A batch that has left: its call, in halves where it is refused, and the answers to their callers. */
final class MicroBatchWork<Q, R> extends BaseSubscriber<Void> {

    private static final Logger LOG = LoggerFactory.getLogger(MicroBatcher.class);

    private final Call<BatchRequest<Q>, BatchResponse<R>> call;
    private final MicroBatch<Q, R> batch;
    private final List<Element<Q>> elements;
    private final Context context;
    private final Object lock;
    private final AtomicBoolean toldOfExtraIds;
    private final Runnable onEnd;
    private final AtomicBoolean ended = new AtomicBoolean();

    /**
     * To be made under the lock.
     *
     * @param lock guards {@code batch}
     * @param onEnd run once, whatever ends the work
     */
    MicroBatchWork(
            Call<BatchRequest<Q>, BatchResponse<R>> call,
            MicroBatch<Q, R> batch,
            Object lock,
            AtomicBoolean toldOfExtraIds,
            Runnable onEnd) {
        this.call = call;
        this.batch = batch;
        this.elements = batch.leave();
        this.context = batch.context();
        this.lock = lock;
        this.toldOfExtraIds = toldOfExtraIds;
        this.onEnd = onEnd;
    }

    @Override
    public Context currentContext() {
        return context;
    }

    void start() {
        try {
            ErrorShield.round(ask(elements)).subscribe(this);
        } catch (Throwable e) { // what Reactor rethrows
            fail(elements, e);
            stop();
        }
    }

    /** The last caller has gone. */
    void stop() {
        dispose();
        end();
    }

    @Override
    protected void hookFinally(SignalType end) {
        end();
    }

    private void end() {
        if (ended.compareAndSet(false, true)) {
            onEnd.run();
        }
    }

    private Mono<Void> ask(List<Element<Q>> asked) {
        return Mono.defer(() -> Objects.requireNonNull(
                        call.apply(new BatchRequest<>(asked)),
                        "the call for batches returned null, it must return a Mono"))
                .switchIfEmpty(Mono.error(NoAnswer::error))
                .doOnNext(response -> answer(asked, response))
                .then()
                .onErrorResume(error -> {
                    if (asked.size() > 1 && isRefused(error)) {
                        int half = (asked.size() + 1) / 2;
                        return askAgain(asked.subList(0, half)).then(askAgain(asked.subList(half, asked.size())));
                    }
                    fail(asked, error);
                    return Mono.empty();
                });
    }

    /** Whether an element may be at fault, and not the server or the way to it. */
    private static boolean isRefused(Throwable error) {
        return ErrorKind.INVALID_REQUEST.isKindOf(error) || ErrorKind.REFUSED.isKindOf(error);
    }

    private Mono<Void> askAgain(List<Element<Q>> part) {
        return Mono.defer(() -> {
            List<Element<Q>> wanted;
            synchronized (lock) {
                wanted = batch.wanted(part);
            }
            return wanted.isEmpty() ? Mono.empty() : ask(wanted);
        });
    }

    private void answer(List<Element<Q>> asked, BatchResponse<R> response) {
        Set<String> extra = new HashSet<>(response.results().keySet());
        for (Element<Q> element : asked) {
            extra.remove(element.id());
            Result<R> result = response.results().get(element.id());
            Result<R> its = result != null ? result : new Failure<>(missing(element.id(), asked.size()));
            callersOf(element).forEach(caller -> caller.take(its));
        }
        if (!extra.isEmpty() && toldOfExtraIds.compareAndSet(false, true)) {
            LOG.warn("a batch brought answers that nobody asked for, they are ignored; told once: {}", extra);
        }
    }

    private void fail(List<Element<Q>> asked, Throwable error) {
        for (Element<Q> element : asked) {
            callersOf(element).forEach(caller -> caller.fail(error));
        }
    }

    private List<Caller<R>> callersOf(Element<Q> element) {
        synchronized (lock) {
            return batch.take(element.id());
        }
    }

    /** Costs nothing of its own: the batch is paid for. */
    private static ApiException missing(String id, int size) {
        return ApiException.builder(
                        ErrorKind.MALFORMED_RESPONSE,
                        "the batch of " + size + " elements brought no answer for this one, '" + id + "'")
                .delivery(Delivery.ANSWERED)
                .usage(Usage.ZERO)
                .cost(Cost.ZERO)
                .build();
    }
}
