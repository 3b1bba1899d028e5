package io.headrace.provider.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpRequest;
import reactor.netty.NettyOutbound;
import reactor.netty.NettyPipeline;

/**
 * Adds the query to the address of one request as it leaves. A query may hold a key, and the HTTP client writes the addresses that it
 * is given into its log.
 */
final class HiddenQuery extends ChannelOutboundHandlerAdapter {

    private final String query;

    private HiddenQuery(String query) {
        this.query = query;
    }

    /** To be called before the request is handed to {@code out}. */
    static void add(NettyOutbound out, String query) {
        out.withConnection(connection -> connection
                .channel()
                .pipeline()
                .addBefore(NettyPipeline.ReactiveBridge, "headrace.hiddenQuery", new HiddenQuery(query)));
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // whoever writes holds the promise
    public void write(ChannelHandlerContext context, Object message, ChannelPromise written) {
        if (message instanceof HttpRequest request) {
            request.setUri(request.uri() + "?" + query);
            context.pipeline().remove(this);
        }
        context.write(message, written);
    }
}
