package io.headrace.provider.http;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2StreamChannel;
import java.io.IOException;
import reactor.netty.NettyPipeline;

/**
 * Tells of an HTTP/2 server's word that it did nothing for a request (RFC 9113, 8.7): the stream was reset with {@code
 * REFUSED_STREAM}, or comes after the last one that a {@code GOAWAY} names.
 */
@Sharable
final class StreamRefusal extends ChannelInboundHandlerAdapter {

    private static final StreamRefusal INSTANCE = new StreamRefusal();

    private StreamRefusal() {}

    /** Watches {@code channel} if it is an HTTP/2 stream. */
    static void watch(Channel channel) {
        if (channel instanceof Http2StreamChannel) {
            channel.pipeline().addBefore(NettyPipeline.ReactiveBridge, "headrace.streamRefusal", INSTANCE);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        // the codec shows a GOAWAY only to the streams after the last one that it names
        if (event instanceof Http2GoAwayFrame) {
            context.fireExceptionCaught(new StreamRefusedException("GOAWAY"));
        } else if (event instanceof Http2ResetFrame reset && reset.errorCode() == Http2Error.REFUSED_STREAM.code()) {
            context.fireExceptionCaught(new StreamRefusedException("REFUSED_STREAM"));
        }
        context.fireUserEventTriggered(event);
    }

    /** The server did nothing for the request. */
    static final class StreamRefusedException extends IOException {

        private StreamRefusedException(String word) {
            super("the server did not take the request (" + word + ")");
        }

        /** The word says it all; the stack would be that of the codec. */
        @Override
        public synchronized Throwable fillInStackTrace() {
            return this;
        }
    }
}
