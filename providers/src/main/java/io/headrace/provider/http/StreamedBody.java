package io.headrace.provider.http;

import io.headrace.provider.http.ResponseWatch.ResponseTimeoutException;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import java.io.ByteArrayOutputStream;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.NettyOutbound;
import reactor.netty.http.client.HttpClientRequest;

/**
 * A body of any length that is made while it is sent, in chunks. It holds one piece at a time: the next is asked for when the
 * operating system took the one before. It counts as gone just before its end is handed over: without {@code end} it is an array
 * without its bracket, or a form without its last boundary, which no server can take for a whole one.
 *
 * @param start comes before the lines
 * @param lines each is sent as it is; subscribed to once
 * @param between comes between two lines
 * @param end comes after the lines
 * @param idle longest time for one piece to leave
 */
record StreamedBody(String start, Flux<byte[]> lines, String between, String end, Duration idle)
        implements RequestBody {

    private static final int PIECE_BYTES = 64 << 10;

    @Override
    public Publisher<Void> write(HttpClientRequest head, NettyOutbound out, Runnable left) {
        Channel[] channel = new Channel[1];
        out.withConnection(connection -> channel[0] = connection.channel());
        ResponseWatch.sending(channel[0]);
        Mono<byte[]> last = Mono.fromSupplier(() -> {
            left.run();
            return bytes(end);
        });
        channel[0].read(); // a server may answer before it has read all
        // one after another, so that the head and each piece have left before the next is made
        Mono<Void> sent = out.then()
                .then(pieces().concatWith(last)
                        .concatMap(piece -> write(channel[0], piece), 1)
                        .then(Mono.fromRunnable(() -> ResponseWatch.sent(channel[0]))));
        return Mono.firstWithSignal(sent, closed(channel[0]));
    }

    private Flux<byte[]> pieces() {
        return Flux.defer(() -> {
            Joint joint = new Joint();
            return lines.onErrorMap(SourceException::new)
                    .bufferUntil(joint::isFull)
                    .map(joint::join);
        });
    }

    /** Puts lines together into pieces. For one body; used by one thread at a time. */
    private final class Joint {

        private final byte[] gap = bytes(between);
        private byte[] before = bytes(start);
        private int waiting;

        boolean isFull(byte[] line) {
            waiting += line.length + gap.length;
            if (waiting < PIECE_BYTES) {
                return false;
            }
            waiting = 0;
            return true;
        }

        byte[] join(List<byte[]> some) {
            ByteArrayOutputStream piece = new ByteArrayOutputStream(PIECE_BYTES);
            for (byte[] line : some) {
                piece.writeBytes(before);
                piece.writeBytes(line);
                before = gap;
            }
            return piece.toByteArray();
        }
    }

    /** Fails when the connection closes, which also ends lines that wait for more: nothing else would tell them of a cancel. */
    private static Mono<Void> closed(Channel channel) {
        return Mono.create(sink -> {
            ChannelFutureListener listener = closing -> sink.error(new ClosedChannelException());
            channel.closeFuture().addListener(listener);
            sink.onDispose(() -> channel.closeFuture().removeListener(listener));
        });
    }

    private Mono<Void> write(Channel channel, byte[] piece) {
        return Mono.create(sink -> {
            ChannelFuture written = channel.writeAndFlush(Unpooled.wrappedBuffer(piece));
            Future<?> timer = channel.eventLoop()
                    .schedule(
                            () -> sink.error(new ResponseTimeoutException(
                                    "no further byte of the upload left within idleTimeout, " + idle)),
                            idle.toNanos(),
                            TimeUnit.NANOSECONDS);
            sink.onDispose(() -> timer.cancel(false));
            written.addListener(done -> {
                if (done.isSuccess()) {
                    sink.success();
                } else {
                    sink.error(done.cause());
                }
            });
        });
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
