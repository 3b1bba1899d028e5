package io.headrace.layer;

import io.headrace.Call;
import io.headrace.CallOptions;
import io.headrace.Namespace;
import io.headrace.cache.SeveralAnswers;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import reactor.core.publisher.Mono;

/** Stacks and requests for tests of samples: a request {@code q*3} asks for three answers. */
final class Samples {

    /** Answers are joined by commas. */
    static final SeveralAnswers<String, String> SEVERAL = new SeveralAnswers<>() {
        @Override
        public int count(String request) {
            int star = request.indexOf('*');
            return star < 0 ? 1 : Integer.parseInt(request.substring(star + 1));
        }

        @Override
        public String withCount(String request, int count) {
            int star = request.indexOf('*');
            String single = star < 0 ? request : request.substring(0, star);
            return count == 1 ? single : single + "*" + count;
        }

        @Override
        public List<String> split(String answer) {
            return List.of(answer.split(","));
        }

        @Override
        public String join(List<String> answers) {
            return String.join(",", answers);
        }
    };

    private Samples() {}

    /** A stack without retries over {@code cache}. */
    static CallStack<String, String> stack(Call<String, String> call, MapCache cache) {
        return CallStack.of(call)
                .key(MapCache.KEYS)
                .codec(MapCache.CODEC)
                .meter(AttemptLayerTest.METER)
                .noRetry()
                .cache(cache);
    }

    static <Q> Call<Q, String> thrower() {
        return request -> {
            throw new IllegalStateException("thrown");
        };
    }

    static <T> Mono<T> with(Mono<T> call, Function<CallOptions, CallOptions> change) {
        return call.contextWrite(
                context -> change.apply(CallOptions.from(context)).into(context));
    }

    static <T> Mono<T> in(Namespace namespace, Mono<T> call) {
        return with(call, options -> options.withNamespace(namespace));
    }

    static <T> Mono<T> replicate(int sample, Mono<T> call) {
        return with(call, options -> options.withReplicate(sample));
    }

    /** Answers {@code q-1}, {@code q-2} and so on, and several at once. */
    static final class Counting implements Call<String, String> {

        final List<String> asked = new ArrayList<>();
        private int answers;

        @Override
        public Mono<String> apply(String request) {
            return Mono.fromSupplier(() -> {
                synchronized (this) {
                    asked.add(request);
                    List<String> all = new ArrayList<>();
                    for (int i = SEVERAL.count(request); i > 0; i--) {
                        all.add(SEVERAL.withCount(request, 1) + "-" + ++answers);
                    }
                    return SEVERAL.join(all);
                }
            });
        }
    }
}
