package io.headrace.provider.http;

import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SynchronousSink;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

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
     * Reads the object of a page, from behind its first token: {@code data}, {@code has_more} and {@code last_id}.
     *
     * @param after the id that it was asked to begin after: one that ends there too would be asked for again and again
     * @param item reads one of {@code data}
     * @return null if it tells of an error instead
     * @throws IllegalArgumentException if there is no data
     */
    public static <T> @Nullable Page<T> read(String after, JsonParser in, Function<JsonParser, @Nullable T> item) {
        List<T> items = null;
        boolean hasMore = false;
        String last = "";
        boolean hasError = false;
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            JsonToken value = in.nextToken();
            switch (name) {
                case "data" -> items = JsonValues.objects(in, item);
                case "has_more" -> {
                    hasMore = value == JsonToken.VALUE_TRUE;
                    in.skipChildren();
                }
                case "last_id" -> last = JsonValues.string(in, "");
                default -> {
                    hasError |= name.equals("error") && value != JsonToken.VALUE_NULL;
                    in.skipChildren();
                }
            }
        }
        if (hasError) {
            return null;
        }
        if (items == null) {
            throw new IllegalArgumentException("the answer has no data");
        }
        return new Page<>(items, hasMore && !last.equals(after) ? last : "");
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
