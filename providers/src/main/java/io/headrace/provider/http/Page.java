package io.headrace.provider.http;

import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SynchronousSink;

/**
 * A part of a list that a provider gives page by page.
 *
 * @param next after which id the next page begins; empty if there is none
 */
public record Page<T>(List<T> items, String next) {

    public Page {
        items = List.copyOf(items);
    }

    /**
     * A page that says how it goes on.
     *
     * @param after the id that it was asked to begin after: one that ends there too would be asked for again and again
     */
    public static <T> Page<T> of(List<T> items, boolean hasMore, String lastId, String after) {
        return new Page<>(items, hasMore && !lastId.equals(after) ? lastId : "");
    }

    /**
     * All items in order. A page is asked for when all of the one before were taken.
     *
     * @param page the page after an id, the first after the empty one
     */
    public static <T> Flux<T> all(Function<String, Mono<Page<T>>> page) {
        return Flux.defer(() -> {
            AtomicReference<Page<T>> read = new AtomicReference<>();
            return Flux.generate((SynchronousSink<String> sink) -> {
                        Page<T> last = read.get();
                        if (last == null) {
                            sink.next("");
                        } else if (last.next().isEmpty()) {
                            sink.complete();
                        } else {
                            sink.next(last.next());
                        }
                    })
                    .concatMap(after -> page.apply(after).doOnNext(read::set).flatMapIterable(Page::items), 0);
        });
    }
}
