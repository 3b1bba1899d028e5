package io.headrace.provider.http;

import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledDirectByteBuf;
import io.netty.buffer.UnpooledHeapByteBuf;
import io.netty.channel.ChannelOption;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * All buffers that the connections of one transport take, and none of the server's. HTTP/2 streams unpack what is compressed into
 * buffers of Netty's own; those are left to its leak detector.
 */
final class CountedBuffers {

    /** Enough to see what a handler was doing. */
    private static final int FRAMES_TOLD = 30;

    private final Allocator allocator = new Allocator();
    private final Set<Origin> held = ConcurrentHashMap.newKeySet();

    /** Has the transport take its buffers here. */
    HttpTransport.Builder into(HttpTransport.Builder settings) {
        return settings.customize(client -> client.option(ChannelOption.ALLOCATOR, allocator));
    }

    /** How many were taken and not given back. */
    int held() {
        return held.size();
    }

    /** What was taken and not given back: each buffer with its size, the handler it came to last, and the place that took it. */
    String told() {
        return held.stream().map(Origin::told).collect(Collectors.joining("\n"));
    }

    /** Where a buffer comes from. */
    private final class Origin {

        private final Throwable place = new Throwable();
        private final String thread = Thread.currentThread().getName();
        private volatile @Nullable Object lastSeenBy;
        private volatile @Nullable ByteBuf buffer;

        <B extends ByteBuf> B of(B made) {
            buffer = made;
            held.add(this);
            return made;
        }

        void released() {
            held.remove(this);
        }

        String told() {
            String head = buffer + ", last seen by " + lastSeenBy + ", taken on " + thread;
            return Arrays.stream(place.getStackTrace())
                    .filter(frame -> !frame.getClassName().startsWith(CountedBuffers.class.getName()))
                    .limit(FRAMES_TOLD)
                    .map(frame -> "    at " + frame)
                    .collect(Collectors.joining("\n", head + "\n", ""));
        }
    }

    private final class Allocator extends AbstractByteBufAllocator {

        Allocator() {
            super(true);
        }

        @Override
        protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
            Origin origin = new Origin();
            return origin.of(new UnpooledHeapByteBuf(this, initialCapacity, maxCapacity) {
                @Override
                public ByteBuf touch(Object hint) {
                    origin.lastSeenBy = hint;
                    return this;
                }

                @Override
                protected void deallocate() {
                    origin.released();
                    super.deallocate();
                }
            });
        }

        @Override
        protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
            Origin origin = new Origin();
            return origin.of(new UnpooledDirectByteBuf(this, initialCapacity, maxCapacity) {
                @Override
                public ByteBuf touch(Object hint) {
                    origin.lastSeenBy = hint;
                    return this;
                }

                @Override
                protected void deallocate() {
                    origin.released();
                    super.deallocate();
                }
            });
        }

        @Override
        public boolean isDirectBufferPooled() {
            return false;
        }
    }
}
