package io.headrace.layer;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Layer;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Bounds the time of one attempt, from its subscription to its answer. When it has passed, the attempt is cancelled and
 * fails with {@link ErrorKind#TIMEOUT}, transient, {@link Delivery#UNKNOWN}: the server may still have worked and billed.
 *
 * <p>Stands inside the layers that wait for permits, so that waiting does not count.
 */
public final class TimeoutLayer<Q, R> implements Layer<Q, R> {

    private static final Duration LONGEST = Duration.ofDays(10_000);

    private final Duration limit;
    private final Supplier<Scheduler> scheduler;
    private final Function<? super Q, String> about;

    private TimeoutLayer(Duration limit, Supplier<Scheduler> scheduler, Function<? super Q, String> about) {
        this.limit = limit;
        this.scheduler = Objects.requireNonNull(scheduler, "scheduler");
        this.about = Objects.requireNonNull(about, "about");
    }

    /**
     * A limit that is timed on {@code Schedulers.parallel()}.
     *
     * @throws IllegalArgumentException unless {@code limit} is positive and at most 10,000 days
     */
    public static <Q, R> TimeoutLayer<Q, R> of(Duration limit) {
        return of(limit, Schedulers::parallel);
    }

    /**
     * A limit that is timed, and whose error is signalled, on the scheduler that {@code scheduler} gives at each
     * subscription.
     *
     * @throws IllegalArgumentException unless {@code limit} is positive and at most 10,000 days
     */
    public static <Q, R> TimeoutLayer<Q, R> of(Duration limit, Supplier<Scheduler> scheduler) {
        if (limit.isNegative() || limit.isZero() || limit.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("a timeout must be positive and at most 10,000 days, not " + limit);
        }
        return new TimeoutLayer<>(limit, scheduler, request -> "");
    }

    /** The same layer, whose error begins with what {@code about} says of the request, see {@link CallStack#about}. */
    public TimeoutLayer<Q, R> about(Function<? super Q, String> about) {
        return new TimeoutLayer<>(limit, scheduler, about);
    }

    @Override
    public Call<Q, R> around(Call<Q, R> next) {
        Objects.requireNonNull(next, "next");
        return request -> Mono.defer(
                () -> next.apply(request).timeout(limit, Mono.error(() -> expired(request)), scheduler.get()));
    }

    private ApiException expired(Q request) {
        return ApiException.builder(ErrorKind.TIMEOUT, About.prefix(about, request) + "no answer within " + limit)
                .delivery(Delivery.UNKNOWN)
                .build();
    }
}
