package io.headrace.layer;

import io.headrace.Call;
import io.headrace.cache.SeveralAnswers;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.util.context.Context;

/**
 * Samples of one request that one call may ask for together. The call is made when it is known of each whether it is missing,
 * and asks for those that are; it has the context of the first of them, and goes on until nobody waits for any. Samples that it
 * does not bring, from a server that knows nothing of several answers, are bought alone. Thread-safe.
 */
final class Purchase<Q, R> {

    private final SeveralAnswers<Q, R> several;
    private final List<Part<Q, R>> parts = new ArrayList<>();

    // under the lock
    private int undecided;
    private int waiting;
    private @Nullable Order order;
    private @Nullable FlightLog log;

    /**
     * @param count how many samples may be missing
     */
    Purchase(SeveralAnswers<Q, R> several, int count) {
        this.several = several;
        this.undecided = count;
        for (int i = 0; i < count; i++) {
            parts.add(new Part<>(this, i));
        }
    }

    /** The sample of that index, from {@code call}, which says of its part whether it is missing; if not, its end does. */
    Mono<R> sample(int index, Function<Part<Q, R>, Mono<R>> call) {
        Part<Q, R> part = parts.get(index);
        return Mono.defer(() -> call.apply(part)).doFinally(end -> part.skip());
    }

    /** Who hears of the call, whichever flight it is made for. */
    synchronized FlightLog log(Supplier<FlightLog> first) {
        FlightLog made = log;
        if (made == null) {
            made = first.get();
            log = made;
        }
        return made;
    }

    /** From here on only {@link #buy} decides the part, which follows at once; false if that is done. */
    private synchronized boolean claim(Part<Q, R> part) {
        boolean free = !part.isDecided && !part.isClaimed;
        part.isClaimed |= free;
        return free;
    }

    /** Whether it is known of all samples now whether they are missing, and some are. */
    private boolean decide(Part<Q, R> part, @Nullable MonoSink<R> buyer) {
        if (part.isDecided) {
            return false;
        }
        part.isDecided = true;
        part.buyer = buyer;
        waiting += buyer == null ? 0 : 1;
        undecided--;
        return undecided == 0 && waiting > 0;
    }

    private void skip(Part<Q, R> part) {
        boolean complete;
        synchronized (this) {
            complete = !part.isClaimed && decide(part, null);
        }
        if (complete) {
            send();
        }
    }

    private void buy(Part<Q, R> part, MonoSink<R> buyer, Call<Q, R> seller, Q request) {
        boolean complete;
        synchronized (this) {
            part.seller = seller;
            part.request = request;
            complete = decide(part, buyer);
        }
        buyer.onCancel(() -> leave(part));
        if (complete) {
            send();
        }
    }

    private void leave(Part<Q, R> part) {
        Order unwanted;
        synchronized (this) {
            part.buyer = null;
            unwanted = --waiting == 0 ? order : null;
        }
        if (unwanted != null) {
            unwanted.cancel();
        }
    }

    private void send() {
        List<Part<Q, R>> bought = new ArrayList<>(parts.size());
        Order sent;
        synchronized (this) {
            for (Part<Q, R> part : parts) {
                if (part.buyer != null) {
                    bought.add(part);
                }
            }
            if (bought.isEmpty()) {
                return;
            }
            sent = new Order(bought, Objects.requireNonNull(bought.get(0).buyer));
            order = sent;
        }
        Part<Q, R> first = bought.get(0);
        Mono<R> answer;
        try {
            Q request = several.withCount(Objects.requireNonNull(first.request), bought.size());
            answer = Objects.requireNonNull(first.seller).apply(request);
        } catch (RuntimeException e) {
            answer = Mono.error(e);
        }
        answer.subscribe(sent);
    }

    private void deliver(List<Part<Q, R>> bought, R answer) {
        List<R> each = several.split(answer);
        for (int i = 0; i < bought.size(); i++) {
            MonoSink<R> buyer = buyer(bought.get(i));
            if (buyer != null && i < each.size()) {
                buyer.success(each.get(i));
            } else if (buyer != null) {
                buyer.error(new Missing());
            }
        }
    }

    private void fail(List<Part<Q, R>> bought, @Nullable Throwable error) {
        for (Part<Q, R> part : bought) {
            MonoSink<R> buyer = buyer(part);
            if (buyer != null && error != null) {
                buyer.error(error);
            } else if (buyer != null) {
                buyer.success();
            }
        }
    }

    private synchronized @Nullable MonoSink<R> buyer(Part<Q, R> part) {
        return part.buyer;
    }

    /** The call brought fewer answers than it asked for, and not this one. */
    private static final class Missing extends RuntimeException {

        Missing() {
            super(null, null, false, false);
        }
    }

    /** One of the samples. */
    static final class Part<Q, R> {

        private final Purchase<Q, R> purchase;
        private final int index;
        private boolean isClaimed;
        private boolean isDecided;
        private @Nullable MonoSink<R> buyer;
        private @Nullable Call<Q, R> seller;
        private @Nullable Q request;

        Part(Purchase<Q, R> purchase, int index) {
            this.purchase = purchase;
            this.index = index;
        }

        int index() {
            return index;
        }

        Purchase<Q, R> purchase() {
            return purchase;
        }

        /** It is not missing, or comes from elsewhere, or nobody wants it any more. Has no effect the second time. */
        void skip() {
            purchase.skip(this);
        }

        /** It is missing: bought with the others from {@code seller}, or alone where those have been or came without it. */
        Mono<R> answer(Call<Q, R> seller, Q request) {
            return Mono.defer(() -> purchase.claim(this)
                    ? Mono.<R>create(buyer -> purchase.buy(this, buyer, seller, request))
                            .onErrorResume(Missing.class, missing -> seller.apply(request))
                    : seller.apply(request));
        }
    }

    /** The one call. */
    private final class Order extends BaseSubscriber<R> {

        private final List<Part<Q, R>> bought;
        private final Context context;
        private boolean answered;

        Order(List<Part<Q, R>> bought, MonoSink<R> first) {
            this.bought = bought;
            this.context = Context.of(first.contextView());
        }

        @Override
        public Context currentContext() {
            return context;
        }

        @Override
        protected void hookOnNext(R answer) {
            answered = true;
            deliver(bought, answer);
        }

        @Override
        protected void hookOnError(Throwable error) {
            fail(bought, error);
        }

        @Override
        protected void hookOnComplete() {
            if (!answered) {
                fail(bought, null);
            }
        }
    }
}
