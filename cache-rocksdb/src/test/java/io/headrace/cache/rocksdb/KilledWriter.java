package io.headrace.cache.rocksdb;

import java.nio.file.Path;
import reactor.core.publisher.Flux;

/** A process that stores numbered answers without end and prints the number of each that is stored, with a full stop. */
final class KilledWriter {

    private KilledWriter() {}

    public static void main(String[] arguments) {
        int first = Integer.parseInt(arguments[1]);
        RocksDbCache cache = RocksDbCache.open(Path.of(arguments[0]));
        Flux.range(first, Integer.MAX_VALUE - first)
                .flatMap(i -> Entries.put(cache, i).thenReturn(i), 64, 1)
                .doOnNext(i -> System.out.println(i + "."))
                .blockLast();
    }
}
