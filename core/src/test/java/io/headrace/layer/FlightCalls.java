package io.headrace.layer;

import static io.headrace.layer.Samples.stack;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Call;
import io.headrace.Fingerprint;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.ResponseCache;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** Calls over one cache that join those in flight, and end when a test says so. */
abstract class FlightCalls {

    final MapCache cache = new MapCache();
    final Flights flights = Flights.of(cache);
    final Upstream upstream = new Upstream();
    final Call<String, String> call = stack(upstream, cache).build();
    final List<Object> ends = new CopyOnWriteArrayList<>();

    /** Calls that end when a test says so. */
    static final class Upstream implements Call<String, String> {

        final List<Sinks.One<String>> calls = new CopyOnWriteArrayList<>();
        final AtomicInteger cancelled = new AtomicInteger();

        @Override
        public Mono<String> apply(String request) {
            return Mono.defer(() -> {
                Sinks.One<String> answer = Sinks.one();
                calls.add(answer);
                return answer.asMono().doOnCancel(cancelled::incrementAndGet);
            });
        }

        void answer(String answer) {
            calls.get(calls.size() - 1).tryEmitValue(answer);
        }

        void fail(Throwable error) {
            calls.get(calls.size() - 1).tryEmitError(error);
        }
    }

    Disposable ask(Mono<String> answer) {
        return answer.subscribe(ends::add, error -> ends.add(String.valueOf(error.getMessage())));
    }

    Disposable ask() {
        return ask(call.apply("q"));
    }

    void nothingRemains() {
        assertThat(flights.inFlight.size()).isZero();
    }

    static ResponseCache slowToRead(Sinks.Empty<Void> found) {
        return new ResponseCache() {
            @Override
            public Mono<CacheEntry> get(Fingerprint fingerprint, int sample) {
                return found.asMono().then(Mono.empty());
            }

            @Override
            public Mono<Void> put(Fingerprint fingerprint, int sample, CacheEntry entry) {
                return Mono.empty();
            }

            @Override
            public Mono<Void> clear() {
                return Mono.empty();
            }

            @Override
            public void close() {}
        };
    }
}
