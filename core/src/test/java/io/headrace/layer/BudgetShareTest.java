package io.headrace.layer;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.Cost;
import io.headrace.admission.Budget;
import io.headrace.admission.Demand;
import io.headrace.admission.Settlement;
import java.math.BigDecimal;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;

class BudgetShareTest {

    private static Demand usd(String most) {
        return new Demand(0, 0, Cost.of(new BigDecimal(most)));
    }

    @Test
    void cancelWhileItAsks_leavesNobodyInLine() {
        Budget budget = Budget.ofUsd(BigDecimal.ONE);
        budget.hold(usd("0.3"));
        budget.hold(usd("0.3"));
        AtomicBoolean asks = new AtomicBoolean();
        Disposable.Swap waiting = Disposables.swap();
        budget.owes(
                this,
                () -> {
                    if (asks.getAndSet(false)) {
                        waiting.dispose();
                    }
                    return Cost.ZERO;
                },
                () -> Cost.ZERO);

        asks.set(true);
        BudgetShare.during(Mono.empty(), budget, usd("0.9"))
                .doOnSubscribe(subscription -> waiting.replace(subscription::cancel))
                .subscribe();
        assertThat(waiting.isDisposed()).isTrue();
        AtomicInteger called = new AtomicInteger();
        budget.reserve(usd("0.5"), called::incrementAndGet);
        budget.settle(usd("0.3"), Settlement.unused());

        assertThat(called).hasValue(1);
    }
}
