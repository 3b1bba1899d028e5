package io.headrace.testkit;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2StreamChannel;
import java.util.Objects;
import reactor.core.publisher.Mono;
import reactor.netty.FutureMono;

/** Ways to break off the exchange on a channel, which is a connection for HTTP/1.1 and a stream for HTTP/2. */
final class Disruptions {

    private Disruptions() {}

    /** A TCP reset; for a stream {@code RST_STREAM}, without a word on whether it was served. */
    static Mono<Void> reset(Channel channel) {
        if (channel instanceof Http2StreamChannel stream) {
            return resetStream(stream, Http2Error.INTERNAL_ERROR);
        }
        channel.config().setOption(ChannelOption.SO_LINGER, 0);
        return FutureMono.deferFuture(channel::close);
    }

    /** Ends an answer before its end. */
    static Mono<Void> cut(Channel channel) {
        return FutureMono.deferFuture(channel::close);
    }

    /** {@code RST_STREAM} with the word that it was not served; a connection closes. */
    static Mono<Void> refuseStream(Channel channel) {
        return channel instanceof Http2StreamChannel stream
                ? resetStream(stream, Http2Error.REFUSED_STREAM)
                : FutureMono.deferFuture(channel::close);
    }

    /** {@code GOAWAY} that names the stream before this one as the last that was served; a connection closes. */
    static Mono<Void> goAway(Channel channel) {
        if (!(channel instanceof Http2StreamChannel stream)) {
            return FutureMono.deferFuture(channel::close);
        }
        return FutureMono.deferFuture(() -> {
            ChannelHandlerContext connection =
                    Objects.requireNonNull(stream.parent().pipeline().context(Http2FrameCodec.class), "HTTP/2 codec");
            int last = Math.max(0, stream.stream().id() - 2);
            var sent = ((Http2FrameCodec) connection.handler())
                    .encoder()
                    .writeGoAway(
                            connection,
                            last,
                            Http2Error.NO_ERROR.code(),
                            Unpooled.EMPTY_BUFFER,
                            connection.newPromise());
            connection.flush();
            return sent;
        });
    }

    private static Mono<Void> resetStream(Http2StreamChannel stream, Http2Error error) {
        // past the handlers of the stream, which know HTTP messages only
        return FutureMono.deferFuture(
                () -> stream.pipeline().firstContext().writeAndFlush(new DefaultHttp2ResetFrame(error)));
    }
}
