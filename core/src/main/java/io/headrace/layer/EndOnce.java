package io.headrace.layer;

import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import reactor.core.observability.DefaultSignalListener;
import reactor.core.publisher.SignalType;

/** Hears the one end of a Mono, whichever thread brings it: the first of value, completion, error and cancel. */
abstract class EndOnce<T> extends DefaultSignalListener<T> {

    @SuppressWarnings("rawtypes") // field updaters know no type arguments
    private static final AtomicIntegerFieldUpdater<EndOnce> ENDED =
            AtomicIntegerFieldUpdater.newUpdater(EndOnce.class, "ended");

    private volatile int ended;

    /** The answer, before it goes on. */
    abstract void answered(T answer);

    /** The error, before it goes on. */
    abstract void failed(Throwable error);

    abstract void cancelled();

    @Override
    public final void doOnNext(T answer) {
        if (isFirst()) {
            answered(answer);
        }
    }

    @Override
    public final void doOnComplete() {
        if (isFirst()) {
            failed(NoAnswer.error());
        }
    }

    @Override
    public final void doOnError(Throwable error) {
        if (isFirst()) {
            failed(error);
        }
    }

    /** A cancel has reached the source by now, so ends are told from the inside outwards here too. */
    @Override
    public final void doFinally(SignalType end) {
        if (end == SignalType.CANCEL && isFirst()) {
            cancelled();
        }
    }

    private boolean isFirst() {
        return ended == 0 && ENDED.compareAndSet(this, 0, 1);
    }
}
