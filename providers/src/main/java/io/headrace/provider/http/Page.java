package io.headrace.provider.http;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
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
     * Reads the object of a page, from behind its first token: {@code data}, {@code has_more} and {@code last_id}, which is the id of
     * the last item where it is not told.
     *
     * @param after the id that it was asked to begin after: a page of nothing but that one is the last
     * @param item reads one of {@code data}
     * @param id of an item
     * @return null if it tells of an error instead
     * @throws IllegalArgumentException if there is no data
     */
    public static <T> @Nullable Page<T> read(
            String after, JsonParser in, Function<JsonParser, @Nullable T> item, Function<T, String> id) {
        List<T> items = null;
        boolean hasMore = false;
        String last = "";
        boolean hasError = false;
        for (String name = in.nextName(); name != null; name = in.nextName()) {
            JsonToken value = in.nextToken();
            switch (name) {
                case "data" -> items = value == JsonToken.VALUE_NULL ? List.of() : JsonValues.objects(in, item);
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
        if (last.isEmpty() && !items.isEmpty()) {
            last = id.apply(items.get(items.size() - 1));
        }
        boolean isOver = !hasMore || (last.equals(after) && items.size() <= 1);
        return new Page<>(items, isOver ? "" : last);
    }

    /**
     * All items in order. A page is asked for when all of the one before were taken. Pages that go round in a circle are an error of kind
     * {@link ErrorKind#MALFORMED_RESPONSE}: what else there is will not show.
     *
     * @param page the page after an id, the first after the empty one
     */
    public static <T> Flux<T> all(Function<String, Mono<Page<T>>> page) {
        return Flux.defer(() -> {
            AtomicReference<Page<T>> read = new AtomicReference<>();
            Set<String> asked = new HashSet<>();
            return Flux.generate((SynchronousSink<String> sink) -> {
                        Page<T> last = read.get();
                        if (last == null) {
                            sink.next("");
                        } else if (last.next().isEmpty()) {
                            sink.complete();
                        } else if (!asked.add(last.next())) {
                            sink.error(circle(asked.size()));
                        } else {
                            sink.next(last.next());
                        }
                    })
                    .concatMap(after -> page.apply(after).doOnNext(read::set).flatMapIterable(Page::items), 0);
        });
    }

    private static ApiException circle(int pages) {
        return ApiException.builder(
                        ErrorKind.MALFORMED_RESPONSE,
                        "the server's list goes round in a circle: after " + (pages + 1)
                                + " pages it goes on where it was before")
                .delivery(Delivery.ANSWERED)
                .build();
    }
}
