package io.headrace.testkit;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.AttributeKey;
import io.netty.util.concurrent.ImmediateEventExecutor;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The open connections of one listener, and the numbers behind {@link ConnectionStatistics}. Thread-safe. */
final class Connections {

    private static final Logger LOG = LoggerFactory.getLogger(Connections.class);

    private static final AttributeKey<AtomicInteger> STREAMS = AttributeKey.valueOf(Connections.class, "streams");

    private final ChannelGroup open = new DefaultChannelGroup(ImmediateEventExecutor.INSTANCE, true);
    private final LongAdder opened = new LongAdder();
    private final LongAdder failedHandshakes = new LongAdder();
    private final AtomicInteger openNow = new AtomicInteger();
    private final AtomicInteger maxOpen = new AtomicInteger();
    private final AtomicInteger maxStreams = new AtomicInteger();

    void opened(Channel connection) {
        opened.increment();
        maxOpen.accumulateAndGet(openNow.incrementAndGet(), Math::max);
        connection.closeFuture().addListener(closed -> openNow.decrementAndGet());
        SslHandler tls = connection.pipeline().get(SslHandler.class);
        if (tls != null) {
            tls.handshakeFuture().addListener(handshake -> {
                if (!handshake.isSuccess()) {
                    failedHandshakes.increment();
                }
            });
        }
        open.add(connection);
    }

    /** Counts the stream that {@code channel} is, if it is one. */
    void began(Channel channel) {
        if (channel instanceof Http2StreamChannel stream) {
            Channel connection = stream.parent();
            connection.attr(STREAMS).setIfAbsent(new AtomicInteger());
            AtomicInteger streams = connection.attr(STREAMS).get();
            maxStreams.accumulateAndGet(streams.incrementAndGet(), Math::max);
            channel.closeFuture().addListener(closed -> streams.decrementAndGet());
        }
    }

    /** Breaks all of them by a TCP reset. */
    void reset(Duration patience) {
        open.forEach(Connections::resetOnClose);
        open.disconnect().awaitUninterruptibly(patience.toMillis()); // which, unlike close, lets new ones in
    }

    private static void resetOnClose(Channel connection) {
        try {
            connection.config().setOption(ChannelOption.SO_LINGER, 0);
        } catch (ChannelException e) {
            LOG.debug("{} was closed meanwhile", connection, e);
        }
    }

    void close(Duration patience) {
        open.close().awaitUninterruptibly(patience.toMillis());
    }

    ConnectionStatistics snapshot() {
        return new ConnectionStatistics(
                opened.sum(), openNow.get(), maxOpen.get(), failedHandshakes.sum(), maxStreams.get());
    }
}
