package io.headrace.provider.http;

import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import reactor.netty.Connection;
import reactor.netty.NettyPipeline;

/**
 * Ends an exchange that is silent or slow for longer than its limits, and closes a connection after any error. Lives as long as its
 * connection and keeps at most one timer on the event loop, which it does not touch while answers come in time: a deadline that has
 * moved away is noticed when the timer fires. Used from the connection's event loop only.
 */
final class ResponseWatch extends ChannelDuplexHandler {

    private static final String NAME = "headrace.responseWatch";

    private enum Phase {
        /** No exchange is on the connection. */
        AT_REST,
        AWAITING_HEAD,
        READING_BODY
    }

    private TimeLimits limits;
    private Caller caller;
    private Phase phase = Phase.AT_REST;
    private boolean interim;

    /** Whether somebody waits for more of the body: only then is silence the server's. */
    private boolean wanted;

    private boolean sending;

    private long totalDeadline;
    private long silenceDeadline;
    private long timerDeadline;
    private @Nullable Future<?> timer;

    private ResponseWatch(TimeLimits limits, Caller caller) {
        this.limits = limits;
        this.caller = caller;
    }

    /** Watches the exchange that begins on {@code channel}, until its answer is complete or the connection ends. */
    static void begin(Channel channel, TimeLimits limits, Caller caller) {
        if (channel.pipeline().context(NAME) == null) {
            channel.pipeline().addBefore(NettyPipeline.ReactiveBridge, NAME, new ResponseWatch(limits, caller));
        }
        ChannelHandlerContext context = channel.pipeline().context(NAME);
        ((ResponseWatch) context.handler()).begin(context, limits, caller);
    }

    /** Tells that the request is long, so that the wait for its answer begins with {@link #sent}. */
    static void sending(Channel channel) {
        watch(channel).sending = true;
    }

    /** Tells that a long request has left. */
    static void sent(Channel channel) {
        ResponseWatch watch = watch(channel);
        watch.sending = false;
        if (watch.phase == Phase.AWAITING_HEAD) {
            long now = System.nanoTime();
            watch.silenceDeadline = now + watch.limits.firstByte().toNanos();
            watch.arm(channel.pipeline().context(NAME), now);
        }
    }

    private static ResponseWatch watch(Channel channel) {
        return (ResponseWatch) channel.pipeline().get(NAME);
    }

    private void begin(ChannelHandlerContext context, TimeLimits of, Caller by) {
        limits = of;
        caller = by;
        sending = false;
        long now = System.nanoTime();
        phase = Phase.AWAITING_HEAD;
        wanted = false;
        totalDeadline = now + limits.total().toNanos();
        silenceDeadline = now + limits.firstByte().toNanos();
        arm(context, now);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof HttpObject part && part.decoderResult().isFailure()) {
            // the HTTP client writes it into its log
            part.setDecoderResult(
                    DecoderResult.failure(caller.strikeFrom(part.decoderResult().cause())));
        }
        if (message instanceof HttpResponse head) {
            interim = head.status().codeClass() == HttpStatusClass.INFORMATIONAL;
        }
        if (interim) {
            // such as 103 Early Hints: a word on the way, which the client would take for the answer
            ReferenceCountUtil.release(message);
            context.read();
            return;
        }
        if (phase != Phase.AT_REST) {
            wanted = false;
            if (message instanceof HttpResponse) {
                phase = Phase.READING_BODY;
            }
            if (message instanceof LastHttpContent) {
                phase = Phase.AT_REST;
            }
        }
        context.fireChannelRead(message);
    }

    /** A subscriber that takes its time asks for nothing meanwhile. */
    @Override
    public void read(ChannelHandlerContext context) {
        if (phase == Phase.READING_BODY && !wanted) {
            wanted = true;
            heard(context);
        }
        context.read();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        if (phase == Phase.READING_BODY && wanted) {
            heard(context); // bytes that make no message yet are no silence either
        }
        context.fireChannelReadComplete();
    }

    private void heard(ChannelHandlerContext context) {
        long now = System.nanoTime();
        silenceDeadline = now + limits.idle().toNanos();
        arm(context, now);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        rest();
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable error) {
        fail(context, caller.strikeFrom(error));
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        rest();
    }

    private void rest() {
        phase = Phase.AT_REST;
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }

    /** Makes sure that a timer fires at the next deadline or before. */
    private void arm(ChannelHandlerContext context, long now) {
        long deadline = nextDeadline();
        if (timer != null) {
            if (timerDeadline - deadline <= 0) {
                return;
            }
            timer.cancel(false);
        }
        timerDeadline = deadline;
        timer = context.executor().schedule(() -> fire(context), Math.max(deadline - now, 0), TimeUnit.NANOSECONDS);
    }

    private void fire(ChannelHandlerContext context) {
        timer = null;
        if (phase == Phase.AT_REST) {
            return;
        }
        long now = System.nanoTime();
        if (nextDeadline() - now > 0) {
            arm(context, now);
            return;
        }
        fail(context, timeout(now));
    }

    // nobody waits for the close: the exception tells of it
    @SuppressWarnings("FutureReturnValueIgnored")
    private void fail(ChannelHandlerContext context, Throwable error) {
        phase = Phase.AT_REST;
        // or the pool would lend the connection to the next call before it is down
        Connection.from(context.channel()).markPersistent(false);
        context.fireExceptionCaught(error);
        context.close();
    }

    private long nextDeadline() {
        boolean mayBeSilent = phase == Phase.READING_BODY ? !wanted : sending;
        return mayBeSilent || totalDeadline - silenceDeadline < 0 ? totalDeadline : silenceDeadline;
    }

    private ResponseTimeoutException timeout(long now) {
        if (totalDeadline - now <= 0) {
            return new ResponseTimeoutException("the answer was not complete within totalTimeout, " + limits.total());
        }
        return phase == Phase.AWAITING_HEAD
                ? new ResponseTimeoutException("no answer within firstByteTimeout, " + limits.firstByte())
                : new ResponseTimeoutException("no further byte within idleTimeout, " + limits.idle());
    }

    /** A limit of {@link TimeLimits} was met. */
    static final class ResponseTimeoutException extends IOException {

        ResponseTimeoutException(String message) {
            super(message);
        }

        /** The limit says it all; the stack would be that of a timer. */
        @Override
        public synchronized Throwable fillInStackTrace() {
            return this;
        }
    }
}
