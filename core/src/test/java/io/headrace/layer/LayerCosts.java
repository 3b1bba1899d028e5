package io.headrace.layer;

import io.headrace.Call;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.Fingerprint;
import io.headrace.Usage;
import io.headrace.admission.Gate;
import io.headrace.cache.CacheEntry;
import io.headrace.cache.CallKey;
import io.headrace.cache.ResponseCache;
import io.headrace.observe.AttemptLog;
import io.headrace.observe.CallListener;
import io.headrace.observe.Meter;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.util.context.Context;

/**
 * What each layer costs a call that answers at once, in nanoseconds of CPU of the calling thread. A program, not a test:
 * {@code mvn -pl core test-compile} and run this class with the test classpath.
 */
final class LayerCosts {

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static final int CALLS = 1_000_000;
    private static final CallKey KEY = new CallKey(new Fingerprint(1, 2, 3, 4), List.of());
    private static final byte[] ANSWER = {1};

    private LayerCosts() {}

    public static void main(String[] args) {
        Call<String, String> bare = request -> Mono.just(request);
        Call<String, String> cache = bare.with(CacheLayer.<String, String>builder(new Empty(), r -> KEY, new Bytes())
                .build());
        Gate limit = Gate.builder("limit").concurrency(100).build();
        for (int timer = 0;
                timer < 100;
                timer++) { // as when a hundred calls are in flight: a new timer is not the next to fire
            Schedulers.parallel().schedule(() -> {}, 4, TimeUnit.MINUTES);
        }
        for (int round = 0; round < 3; round++) {
            double base = measure("a bare call", bare, 0);
            measure("timeout", bare.with(TimeoutLayer.of(Duration.ofMinutes(5))), base);
            measure("attempt", bare.with(AttemptLayer.of(Meter.free())), base);
            measure("concurrency", bare.with(limit.layer()), base);
            measure("validate", bare.with(ValidateLayer.of(Validator.none(), Meter.free())), base);
            measure("retry", bare.with(RetryLayer.of(RetrySpec.standard())), base);
            measure("cache miss", cache, base);
            measure("observe", bare.with(ObserveLayer.of(event -> {})), base);
            measure("whole stack", stack(bare), base);
            measure("whole stack without timeout", stack(bare, false), base);
        }
    }

    private static Call<String, String> stack(Call<String, String> call) {
        return stack(call, true);
    }

    private static Call<String, String> stack(Call<String, String> call, boolean timeout) {
        CallStack<String, String> stack = CallStack.of(call)
                .key(r -> KEY)
                .codec(new Bytes())
                .cache(new Empty())
                .concurrency(100)
                .validator(Validator.none())
                .listener(event -> {});
        return (timeout ? stack : stack.noAttemptTimeout()).build();
    }

    private static double measure(String name, Call<String, String> call, double base) {
        CallListener listener = event -> {};
        Context context = new Log().into(listener.into(Context.empty()));
        Flux<String> calls =
                Flux.range(0, CALLS).concatMap(i -> call.apply("q"), 1).contextWrite(context);
        long start = THREADS.getCurrentThreadCpuTime();
        calls.blockLast();
        double nanos = (THREADS.getCurrentThreadCpuTime() - start) / (double) CALLS;
        System.out.printf(Locale.ROOT, "%-28s %6.0f ns%n", name, nanos - base);
        return nanos;
    }

    private static final class Bytes implements io.headrace.Codec<String> {

        @Override
        public byte[] encode(String value) {
            return ANSWER;
        }

        @Override
        public String decode(byte[] bytes) {
            return "";
        }
    }

    private static final class Log implements AttemptLog {

        @Override
        public long started(Fingerprint fingerprint, int sample, Cost reserved) {
            return 1;
        }

        @Override
        public void ended(long attempt, Delivery delivery, Usage usage, Cost cost) {}
    }

    /** Never has an answer. */
    private static final class Empty implements ResponseCache {

        @Override
        public Mono<CacheEntry> get(Fingerprint fingerprint, int sample) {
            return Mono.fromSupplier(() -> null);
        }

        @Override
        public Mono<Void> put(Fingerprint fingerprint, int sample, CacheEntry entry) {
            return Mono.fromRunnable(() -> {});
        }

        @Override
        public Mono<Void> clear() {
            return Mono.empty();
        }

        @Override
        public void close() {}
    }
}
