package io.headrace.dataset;

import io.headrace.Outcome;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.PriorityQueue;
import reactor.core.publisher.Flux;

/**
 * Draws n rows without knowing how many there are: every row has a rank, a hash of its id and the seed, and the n lowest
 * ranks are drawn. A first pass finds the highest rank that belongs to them, a second one gives the rows, in order.
 */
final class Sampling {

    /** A row's place in the draw; the ordinal decides between equal ids. */
    private record Rank(long hash, long ordinal) implements Comparable<Rank> {

        private static final Comparator<Rank> ORDER =
                Comparator.comparingLong(Rank::hash).thenComparingLong(Rank::ordinal);

        @Override
        public int compareTo(Rank other) {
            return ORDER.compare(this, other);
        }
    }

    private final int n;
    private final long salt;

    Sampling(int n, long seed) {
        this.n = n;
        this.salt = Xxh64.mix(seed);
    }

    <T> Flux<Outcome<T>> draw(Flux<Outcome<T>> rows) {
        if (n == 0) {
            return Flux.empty();
        }
        return rows.collect(() -> new PriorityQueue<Rank>(Comparator.reverseOrder()), this::offer)
                .flatMapMany(lowest -> {
                    Rank last = lowest.peek();
                    return last == null
                            ? Flux.<Outcome<T>>empty()
                            : rows.filter(row -> rank(row).compareTo(last) <= 0).take(n);
                });
    }

    private void offer(PriorityQueue<Rank> lowest, Outcome<?> row) {
        Rank rank = rank(row);
        Rank highest = lowest.peek();
        if (lowest.size() < n) {
            lowest.add(rank);
        } else if (highest != null && rank.compareTo(highest) < 0) {
            lowest.poll();
            lowest.add(rank);
        }
    }

    private Rank rank(Outcome<?> row) {
        long id = Xxh64.of(row.item().id().getBytes(StandardCharsets.UTF_8));
        return new Rank(Xxh64.mix(id ^ salt), row.item().ordinal());
    }
}
