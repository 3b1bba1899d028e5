package io.headrace.layer;

import io.headrace.admission.Budget;
import io.headrace.admission.Budget.Answer;
import io.headrace.admission.Demand;
import io.headrace.admission.Settlement;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/** What a call has reserved of a budget, from when there is room for it until its work is over. Thread-safe. */
final class BudgetShare {

    private final Budget budget;
    private final Demand demand;
    private final Runnable whenRoom = this::ask;

    // under the lock
    private @Nullable MonoSink<Void> waiting;
    private boolean held;
    private boolean over;

    private BudgetShare(Budget budget, Demand demand) {
        this.budget = budget;
        this.demand = demand;
    }

    /**
     * {@code work} with its demand reserved, which is given back whole at its end: what it may cost is owed elsewhere by then. Waits while
     * others hold the rest, and fails as a call at a gate does if they cannot give enough back.
     */
    static <T> Mono<T> during(Mono<T> work, Budget budget, Demand demand) {
        return Mono.defer(() -> {
            BudgetShare share = new BudgetShare(budget, demand);
            return Mono.<Void>create(share::wish)
                    .then(work)
                    .doOnTerminate(share::giveBack)
                    .doOnCancel(share::giveBack);
        });
    }

    private void wish(MonoSink<Void> sink) {
        synchronized (this) {
            waiting = sink;
        }
        ask();
    }

    private void ask() {
        MonoSink<Void> sink;
        synchronized (this) {
            sink = waiting;
            if (over || held || sink == null) {
                return;
            }
        }
        Answer answer = budget.reserve(demand, whenRoom);
        if (answer == Answer.RESERVED) {
            boolean wanted;
            synchronized (this) {
                wanted = !over;
                held = wanted;
            }
            if (wanted) {
                sink.success();
            } else {
                budget.settle(demand, Settlement.unused());
            }
        } else if (answer == Answer.EXHAUSTED) {
            sink.error(budget.exhausted(demand));
        } else if (isOver()) {
            budget.forget(whenRoom); // cancelled while it asked
        }
    }

    private synchronized boolean isOver() {
        return over;
    }

    private void giveBack() {
        boolean mine;
        synchronized (this) {
            mine = held && !over;
            over = true;
        }
        if (mine) {
            budget.settle(demand, Settlement.unused());
        } else {
            budget.forget(whenRoom);
        }
    }
}
