package io.headrace.layer;

import io.headrace.CallOptions;
import io.headrace.ErrorText;
import io.headrace.FatalErrorHandler;
import io.headrace.Fingerprint;
import io.headrace.layer.BatchResponse.Answer;
import io.headrace.layer.BatchResponse.Failure;
import io.headrace.layer.BatchResponse.Result;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.MonoSink;
import reactor.util.context.ContextView;

/** One request of a batch and all who wait for its answer. Guarded by the batcher's lock. */
final class MicroBatchMember<Q, R> {

    private static final Logger LOG = LoggerFactory.getLogger(MicroBatchMember.class);

    private static final Comparator<Fingerprint> BY_FINGERPRINT = (x, y) -> {
        int order = Long.compareUnsigned(x.a(), y.a());
        order = order != 0 ? order : Long.compareUnsigned(x.b(), y.b());
        order = order != 0 ? order : Long.compareUnsigned(x.c(), y.c());
        return order != 0 ? order : Long.compareUnsigned(x.d(), y.d());
    };

    /** By what equal requests are found. */
    record Key(Fingerprint fingerprint, int sample) {}

    /** One caller. */
    record Caller<R>(MonoSink<R> sink, CallOptions options) {

        static <R> Caller<R> of(MonoSink<R> sink) {
            return new Caller<>(sink, CallOptions.from(sink.contextView()));
        }

        ContextView context() {
            return sink.contextView();
        }

        void take(Result<R> result) {
            if (result instanceof Answer<R> answer) {
                guarded(() -> sink.success(answer.answer()));
            } else {
                fail(((Failure<R>) result).error());
            }
        }

        void fail(Throwable error) {
            guarded(() -> sink.error(error));
        }

        /** What the code behind this call throws must not reach those who wait for the same batch. */
        private void guarded(Runnable signal) {
            try {
                signal.run();
            } catch (Throwable e) {
                if (!FatalErrorHandler.handle(e, context())) {
                    LOG.error("the code behind a call threw when it was given its answer", ErrorText.forLog(e));
                }
            }
        }
    }

    private final Q request;
    private final @Nullable Key key;
    private final long weight;
    private final List<Caller<R>> callers = new ArrayList<>(1);

    MicroBatchMember(Q request, @Nullable Key key, long weight) {
        this.request = request;
        this.key = key;
        this.weight = weight;
    }

    /** By item, then key, then arrival. */
    static <Q, R> Comparator<MicroBatchMember<Q, R>> order() {
        Comparator<MicroBatchMember<Q, R>> byItem =
                Comparator.comparing(member -> member.first().options().item(), NumericAwareOrder.INSTANCE);
        Comparator<@Nullable Key> byKey =
                Comparator.comparing(Key::fingerprint, BY_FINGERPRINT).thenComparingInt(Key::sample);
        return byItem.thenComparing(MicroBatchMember::key, Comparator.nullsFirst(byKey));
    }

    Q request() {
        return request;
    }

    @Nullable
    Key key() {
        return key;
    }

    long weight() {
        return weight;
    }

    List<Caller<R>> callers() {
        return callers;
    }

    /** The caller whose item comes first. */
    Caller<R> first() {
        Caller<R> first = Objects.requireNonNull(callers.get(0));
        for (Caller<R> caller : callers) {
            if (NumericAwareOrder.INSTANCE.compare(
                            caller.options().item(), first.options().item())
                    < 0) {
                first = caller;
            }
        }
        return first;
    }
}
