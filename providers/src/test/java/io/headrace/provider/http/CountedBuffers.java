package io.headrace.provider.http;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelOption;

/** All buffers that the connections of one transport take, counted to the byte, and none of the server's. */
final class CountedBuffers {

    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);

    /** Has the transport take its buffers here. */
    HttpTransport.Builder into(HttpTransport.Builder settings) {
        return settings.customize(client -> client.option(ChannelOption.ALLOCATOR, allocator));
    }

    /** Bytes that were taken and not given back. */
    long held() {
        return allocator.metric().usedDirectMemory() + allocator.metric().usedHeapMemory();
    }
}
