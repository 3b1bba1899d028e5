package io.headrace;

import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * The work of a step's function on one item, as the calls that the function makes see it. Each tells when it is on its way and when
 * that is over, so that the step knows when nothing of the item goes on any more. A call whose answer shall come by a batch signals
 * nothing to the function, which could only make up an answer; it tells this instead, and the item ends as {@link ErrorKind#PARKED}
 * once no other call of it is on its way.
 *
 * <p>A step puts one into the Reactor {@code Context} of each item, and the outermost layer of each call takes it out again: what is
 * inside a call belongs to that call. Thread-safe.
 */
public interface ItemWork extends FatalErrorHandler {

    /** Where it lies in the Reactor {@code Context}. */
    Baggage.Key<ItemWork> WORK = new Baggage.Key<>();

    /** Outside any step. */
    static ItemWork none() {
        return NoItem.OUTSIDE;
    }

    /** Inside a call of an item: whatever is parked there, the call around it tells the item. */
    static ItemWork ofCall() {
        return NoItem.IN_CALL;
    }

    /** That of the item in {@code context}; {@link #ofCall} inside a call of it, {@link #none} outside any step. */
    static ItemWork from(ContextView context) {
        return WORK.from(context, none());
    }

    /** {@code context} for what is inside a call. */
    static Context inCall(Context context) {
        return WORK.put(context, ofCall());
    }

    /** Also puts it in as the {@link FatalErrorHandler}. */
    @Override
    default Context into(Context context) {
        return Baggage.toChange(context)
                .with(WORK, this)
                .with(FatalErrorHandler.KEY, this)
                .into(context);
    }

    /** A call is on its way. */
    void callBegan();

    /** The call was answered, failed or was cancelled, and what stands behind it has gone on as far as it could. */
    void callEnded();

    /**
     * In place of {@link #callEnded}: the call shall be answered by a batch and signals nothing more. The item is cancelled
     * and ends by {@code why} when no call of it is on its way, before this returns if this was the last.
     */
    void callParked(ApiException why);
}
