package io.headrace.provider.http;

import io.netty.buffer.ByteBuf;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Reads a body of any length line by line, as they are asked for. */
record BodyLines(String about, Failures<String> failures, long maxLineBytes) implements StreamReader<BodyLine> {

    @Override
    public boolean takes(String contentType) {
        return true;
    }

    @Override
    public boolean isUnbounded() {
        return true;
    }

    @Override
    public Flux<BodyLine> whole(HttpAnswer answer) {
        return Flux.error(() -> failures.refused(about, answer));
    }

    @Override
    public Flux<BodyLine> events(HttpAnswer head, Flux<ByteBuf> pieces) {
        LineSplitter splitter = new LineSplitter(maxLineBytes);
        return pieces.map(splitter::feed)
                .concatWith(Mono.fromSupplier(splitter::end))
                .concatMapIterable(lines -> lines, 1);
    }
}
