package io.headrace.provider.http;

import io.headrace.Baggage;
import io.headrace.Relay;
import io.headrace.observe.AttemptLog;
import io.headrace.observe.CallListener;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Operators;
import reactor.netty.Connection;
import reactor.util.context.Context;

/**
 * Stands round one exchange over Reactor Netty: says what its errors mean, and gives its place in the ramp back.
 *
 * <p>A cancel may come while the head of an answer is on its way through Reactor Netty's operators. The request is over then and the
 * reading has not begun, so the cancel reaches neither: the body would be kept for ever, and a long one would keep the connection
 * open too. So this closes the connections of answers that an operator discards.
 */
final class ExchangeRelay extends Relay<HttpAnswer> {

    private final HttpExchange exchange;
    private final ConnectionRamp.Pass pass;

    ExchangeRelay(HttpExchange exchange, ConnectionRamp.Pass pass) {
        this.exchange = exchange;
        this.pass = pass;
    }

    /**
     * {@code context} with a hook that closes discarded connections. What of ours nobody reads from here on is left out: Reactor Netty
     * adds keys and copies the context several times for a request, and Reactor makes a text of each key of a context of four, each time.
     */
    static Context forTransport(Context context) {
        Context shorter =
                context.delete(Baggage.class).delete(CallListener.class).delete(AttemptLog.class);
        return Operators.enableOnDiscard(shorter, ExchangeRelay::discard);
    }

    private static void discard(Object discarded) {
        if (discarded instanceof Connection connection) {
            connection.dispose();
        }
    }

    @Override
    protected Context inside(Context outside) {
        return forTransport(outside);
    }

    @Override
    protected void notStarted() {
        end();
    }

    @Override
    protected void answered(HttpAnswer answer) {
        end();
    }

    @Override
    protected @Nullable Throwable completed() {
        end();
        return null;
    }

    @Override
    protected Throwable failed(Throwable error) {
        Throwable meaning = exchange.failure(error);
        end();
        return meaning;
    }

    @Override
    protected void cancelling() {
        exchange.abandon();
    }

    @Override
    protected void cancelled() {
        end();
    }

    private void end() {
        pass.leave();
        exchange.end();
    }
}
