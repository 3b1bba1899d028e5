package io.headrace.admission;

import io.headrace.CallOptions;
import io.headrace.observe.CallEvent.Admitted;
import io.headrace.observe.CallListener;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import reactor.core.observability.DefaultSignalListener;
import reactor.core.publisher.MonoSink;
import reactor.core.publisher.SignalType;
import reactor.util.context.ContextView;

/**
 * One attempt's claim on a {@link ConcurrencyLimit}: it waits, holds and gives back. It hears the attempt's signals, so that
 * whichever comes first gives the permit back before anybody downstream sees it.
 */
final class Permit<R> extends DefaultSignalListener<R> {

    /** The life of a claim. */
    enum State {
        NEW,
        WAITING,
        HELD,
        OVER
    }

    private final ConcurrencyLimit limit;
    private final CallListener listener;
    private final CallOptions options;
    private boolean atOnce;
    private @Nullable MonoSink<Void> sink;
    private long since;

    // the limit's own, under its lock
    State state = State.NEW;

    @Nullable
    Permit<?> before;

    @Nullable
    Permit<?> after;

    Permit(ConcurrencyLimit limit, ContextView context) {
        this.limit = limit;
        this.listener = CallListener.from(context);
        this.options = CallOptions.from(context);
    }

    /** Tells of a permit that was free at once. */
    @Override
    public void doFirst() {
        if (atOnce) {
            listener.tell(new Admitted(options, Duration.ZERO));
        }
    }

    /** Whether a permit was free and is held now, without a wait. */
    boolean take() {
        atOnce = limit.take(this);
        return atOnce;
    }

    /** Gets in line; {@code sink} completes with the permit. */
    void await(MonoSink<Void> sink) {
        this.sink = sink;
        this.since = limit.now();
        if (limit.takeOrQueue(this)) {
            granted();
        }
    }

    /** The permit is held: lets the attempt go. */
    void granted() {
        try {
            listener.tell(new Admitted(options, Duration.ofNanos(limit.now() - since)));
        } finally {
            if (sink != null) {
                sink.success();
            }
        }
    }

    @Override
    public void doOnNext(R answer) {
        limit.giveBack(this);
    }

    @Override
    public void doOnComplete() {
        limit.giveBack(this);
    }

    @Override
    public void doOnError(Throwable error) {
        limit.giveBack(this);
    }

    /** After a cancel: the attempt is cancelled before its permit goes to another. */
    @Override
    public void doFinally(SignalType end) {
        if (end == SignalType.CANCEL) {
            limit.giveBack(this);
        }
    }

    /** The attempt does not start. */
    @Override
    public void handleListenerError(Throwable error) {
        limit.giveBack(this);
    }
}
