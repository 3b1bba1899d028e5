package io.headrace.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.FastThreadLocal;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * The server side of comparisons: gives one fixed chat completion to every POST after a fixed latency, or streams one with that
 * latency before each event, and costs as little as a JVM can. {@code GET /stats} tells its own CPU time and count of requests. Loopback
 * only. It reads no more of HTTP than it needs: requests must carry a {@code content-length}.
 */
@SuppressWarnings("FutureReturnValueIgnored") // writes go by void promises: a failed one ends in exceptionCaught
public final class LeanServer implements AutoCloseable {

    private static final byte[] COMPLETION = http("""
            {"id":"chatcmpl-lean","object":"chat.completion","created":1795305600,"model":"lean-1",\
            "choices":[{"index":0,"message":{"role":"assistant","content":"[\\"duck\\",\\"egg\\",\\"market\\"]","refusal":null},\
            "logprobs":null,"finish_reason":"stop"}],\
            "usage":{"prompt_tokens":100,"completion_tokens":10,"total_tokens":110}}""");

    private static final String CHUNK = """
            data: {"id":"chatcmpl-lean","object":"chat.completion.chunk","created":1795305600,"model":"lean-1",\
            "choices":[%s]%s}

            """;
    private static final byte[] FIRST_EVENT =
            ("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
                            + piece(choice("{\"role\":\"assistant\",\"content\":\"\"}", "null")))
                    .getBytes(StandardCharsets.US_ASCII);
    private static final byte[] EVENT =
            piece(choice("{\"content\":\" duck\"}", "null")).getBytes(StandardCharsets.US_ASCII);
    private static final byte[] LAST_EVENTS = (piece(choice("{}", "\"stop\""))
                    + piece(CHUNK.formatted(
                            "", ",\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":10,\"total_tokens\":110}"))
                    + piece("data: [DONE]\n\n")
                    + "0\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII);

    private static final int BACKLOG = 8192;

    private final long latencyNanos;
    private final int events;
    private final EventLoopGroup loops;
    private final Channel server;
    private final LongAdder requests = new LongAdder();
    private final FastThreadLocal<Delays> delays = new FastThreadLocal<>() {
        @Override
        protected Delays initialValue() {
            return new Delays();
        }
    };

    private LeanServer(int port, Duration latency, int threads, int events) {
        this.latencyNanos = latency.toNanos();
        this.events = events;
        boolean epoll = Epoll.isAvailable();
        Class<? extends ServerChannel> transport =
                epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
        this.loops = new MultiThreadIoEventLoopGroup(
                threads, epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
        this.server = new ServerBootstrap()
                .group(loops)
                .channel(transport)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new Connection());
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), port)
                .syncUninterruptibly()
                .channel();
    }

    /**
     * Starts a server.
     *
     * @param port 0 for a free one
     * @param threads number of event loops
     */
    public static LeanServer start(int port, Duration latency, int threads) {
        return new LeanServer(port, latency, threads, 0);
    }

    /**
     * Arguments: port (0 for a free one), latency in milliseconds, threads, events of a streamed answer (0 for a whole one); by
     * default 0 0 1 0. Prints its port; runs until killed.
     */
    public static void main(String[] args) {
        int port = args.length > 0 ? Integer.parseInt(args[0]) : 0;
        long latencyMillis = args.length > 1 ? Long.parseLong(args[1]) : 0;
        int threads = args.length > 2 ? Integer.parseInt(args[2]) : 1;
        int events = args.length > 3 ? Integer.parseInt(args[3]) : 0;
        LeanServer server = new LeanServer(port, Duration.ofMillis(latencyMillis), threads, events);
        System.out.println(server.port());
        server.server.closeFuture().syncUninterruptibly();
    }

    public int port() {
        return ((InetSocketAddress) server.localAddress()).getPort();
    }

    @Override
    public void close() {
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private byte[] stats() {
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return http("{\"requests\":" + requests.sum() + ",\"cpuNanos\":" + system.getProcessCpuTime() + "}");
    }

    private static String choice(String delta, String finishReason) {
        return CHUNK.formatted(
                "{\"index\":0,\"delta\":" + delta + ",\"logprobs\":null,\"finish_reason\":" + finishReason + "}", "");
    }

    /** In chunked transfer encoding. */
    private static String piece(String event) {
        return Integer.toHexString(event.length()) + "\r\n" + event + "\r\n";
    }

    private static byte[] http(String json) {
        return ("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: " + json.length() + "\r\n\r\n"
                        + json)
                .getBytes(StandardCharsets.US_ASCII);
    }

    /** Cuts requests out of the bytes of one connection. */
    private final class Connection extends ByteToMessageDecoder {

        @Override
        protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
            int length = requestLength(in);
            if (length < 0 || in.readableBytes() < length) {
                return;
            }
            boolean post = in.getByte(in.readerIndex()) == 'P';
            in.skipBytes(length);
            if (!post) {
                context.writeAndFlush(Unpooled.wrappedBuffer(stats()), context.voidPromise());
                return;
            }
            requests.increment();
            if (latencyNanos == 0) {
                answer(context, 0);
            } else {
                delays.get().add(context);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close(context.voidPromise());
        }

        /** Head and body together, -1 while the head is not whole. */
        private int requestLength(ByteBuf in) {
            int start = in.readerIndex();
            int end = in.writerIndex();
            int body = 0;
            for (int line = start; ; ) {
                int feed = in.indexOf(line, end, (byte) '\n');
                if (feed < 0) {
                    return -1;
                }
                if (feed - line <= 1) {
                    return feed + 1 - start + body;
                }
                if (isContentLength(in, line, feed)) {
                    body = number(in, line + 15, feed);
                }
                line = feed + 1;
            }
        }

        private boolean isContentLength(ByteBuf in, int line, int feed) {
            return feed - line > 15
                    && (in.getByte(line) | 0x20) == 'c'
                    && in.getByte(line + 7) == '-'
                    && (in.getByte(line + 8) | 0x20) == 'l'
                    && in.getByte(line + 14) == ':';
        }

        private int number(ByteBuf in, int from, int to) {
            int number = 0;
            for (int i = from; i < to; i++) {
                byte digit = in.getByte(i);
                if (digit >= '0' && digit <= '9') {
                    number = number * 10 + digit - '0';
                }
            }
            return number;
        }
    }

    /** Whether that was the last piece of the answer. */
    private boolean answer(ChannelHandlerContext context, int event) {
        boolean isLast = event >= events - 1;
        byte[] bytes = events == 0 ? COMPLETION : event == 0 ? FIRST_EVENT : isLast ? LAST_EVENTS : EVENT;
        context.writeAndFlush(Unpooled.wrappedBuffer(bytes), context.voidPromise());
        return isLast;
    }

    /** What one event loop has to answer later: with one latency for all it is a queue, and one timer at a time is enough. */
    private final class Delays implements Runnable {

        private record Due(long atNanos, ChannelHandlerContext context, int event) {}

        private final ArrayDeque<Due> queue = new ArrayDeque<>();

        void add(ChannelHandlerContext context) {
            queue.add(new Due(System.nanoTime() + latencyNanos, context, 0));
            if (queue.size() == 1) {
                schedule(context.executor(), latencyNanos);
            }
        }

        @Override
        public void run() {
            long now = System.nanoTime();
            EventExecutor loop = queue.getFirst().context().executor();
            while (!queue.isEmpty() && queue.getFirst().atNanos() - now <= 0) {
                Due due = queue.removeFirst();
                if (!answer(due.context(), due.event())) {
                    queue.add(new Due(now + latencyNanos, due.context(), due.event() + 1));
                }
            }
            if (!queue.isEmpty()) {
                schedule(loop, queue.getFirst().atNanos() - now);
            }
        }

        private void schedule(EventExecutor loop, long delayNanos) {
            loop.schedule(this, delayNanos, TimeUnit.NANOSECONDS);
        }
    }
}
