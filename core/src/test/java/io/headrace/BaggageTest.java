package io.headrace;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.admission.Budget;
import io.headrace.observe.AttemptLog;
import io.headrace.observe.CallListener;
import io.headrace.observe.DryRun;
import java.math.BigDecimal;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;
import reactor.util.context.ContextView;

class BaggageTest {

    private static final Baggage.Key<String> ONE = new Baggage.Key<>();
    private static final Baggage.Key<String> OTHER = new Baggage.Key<>();

    @Test
    void thing_isFoundUnderItsKey_andNoOther() {
        Context context = ONE.put(Context.of("trace", 7), "one");

        assertThat(ONE.from(context)).isEqualTo("one");
        assertThat(OTHER.from(context)).isNull();
        assertThat(OTHER.from(context, "none")).isEqualTo("none");
        assertThat(context.<Integer>get("trace")).isEqualTo(7);
    }

    @Test
    void things_areReplacedOneByOne_andTheContextBeforeKeepsItsOwn() {
        Context before = OTHER.put(ONE.put(Context.empty(), "one"), "other");
        Context after = ONE.put(before, "changed");

        assertThat(ONE.from(after)).isEqualTo("changed");
        assertThat(OTHER.from(after)).isEqualTo("other");
        assertThat(ONE.from(before)).isEqualTo("one");
        assertThat(before.size()).isEqualTo(1);
    }

    @Test
    void optionsInAContextMadeElsewhere_takeNoAccountsAway() {
        CallListener listener = event -> {};
        AttemptLog log = new NoLog();
        DryRun dryRun = (options, atMost, online, batch) -> {};
        Budget budget = Budget.ofUsd(BigDecimal.ONE);
        Context elsewhere = CallOptions.NONE.withTenant("a").into(Context.empty());

        ContextView seen = Mono.deferContextual(Mono::just)
                .contextWrite(elsewhere)
                .contextWrite(listener::into)
                .contextWrite(log::into)
                .contextWrite(dryRun::into)
                .contextWrite(budget::into)
                .block();

        assertThat(seen).isNotNull();
        assertThat(CallOptions.from(seen).tenant()).isEqualTo("a");
        assertThat(CallListener.from(seen)).isSameAs(listener);
        assertThat(AttemptLog.from(seen)).containsSame(log);
        assertThat(DryRun.from(seen)).containsSame(dryRun);
        assertThat(Budget.from(seen)).containsSame(budget);
    }

    @Test
    void optionsInAContextMadeElsewhere_takeNothingOfTheItemAway() {
        Context item = ONE.put(CallOptions.of("step", "item").into(Context.empty()), "its place");
        Context written = item.putAll(
                CallOptions.NONE.withTenant("a").into(Context.empty()).readOnly());

        assertThat(CallOptions.from(written).tenant()).isEqualTo("a");
        assertThat(ONE.from(written)).isEqualTo("its place");

        Context inside = OTHER.put(written, "a layer's");
        assertThat(CallOptions.from(inside).tenant()).isEqualTo("a");
        assertThat(ONE.from(inside)).isEqualTo("its place");
        assertThat(inside.size()).isEqualTo(1);

        Context changed = CallOptions.NONE.withTenant("b").into(written);
        assertThat(CallOptions.from(changed).tenant()).isEqualTo("b");
        assertThat(changed.size()).isEqualTo(1);
    }

    private static final class NoLog implements AttemptLog {

        @Override
        public long started(Fingerprint fingerprint, int sample, Cost reserved) {
            return 0;
        }

        @Override
        public void ended(long attempt, Delivery delivery, Usage usage, Cost cost) {}
    }
}
