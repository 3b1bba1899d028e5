package io.headrace;

import reactor.util.context.Context;
import reactor.util.context.ContextView;

/**
 * The work of a step's function on one item, as its calls see it. Each call tells when it begins and ends, so that the step knows when nothing
 * of the item goes on any more. A call whose answer comes by a batch signals nothing to the function, which could only make one up; it tells
 * this instead, and the item ends as {@link ErrorKind#PARKED} once no other call of it is under way.
 *
 * <p>A step puts one into the Reactor {@code Context} of each item, and the outermost layer of each call takes it out for the calls inside.
 * Thread-safe.
 */
public interface ItemWork extends FatalErrorHandler {

    /** Where it lies in the Reactor {@code Context}. */
    Baggage.Key<ItemWork> WORK = new Baggage.Key<>();

    /** Outside any step. */
    static ItemWork none() {
        return NoItem.OUTSIDE;
    }

    /** Inside a call of an item: if something is parked there, the call around it tells the item. */
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

    /** A call begins. */
    void callBegan();

    /** The call was answered, failed or was cancelled, and the code behind it has run. */
    void callEnded();

    /**
     * Instead of {@link #callEnded}: a batch will answer the call, which signals nothing more. When no call of the item is under way, the
     * item is cancelled and ends by {@code why}; before this returns if this was the last call.
     */
    void callParked(ApiException why);
}
