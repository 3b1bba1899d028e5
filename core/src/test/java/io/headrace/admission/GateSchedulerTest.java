package io.headrace.admission;

import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Call;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.observe.Meter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.scheduler.VirtualTimeScheduler;

/** A gate whose scheduler is disposed under it, as at the end of an application or between two tests. */
class GateSchedulerTest {

    private VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private final Sinks.One<String> answer = Sinks.one();
    private final List<String> asked = new ArrayList<>();
    private final List<Object> ends = new ArrayList<>();

    private GateBuilder gate(int atOnce) {
        return Gate.builder("test")
                .notAdaptive()
                .noBreaker()
                .rate(Charge.REQUESTS, Rate.of(1, ofMinutes(1)).withBurst(atOnce + 1))
                .scheduler(() -> time);
    }

    private void ask(Gate gate, String... requests) {
        Call<String, String> provider = request -> {
            asked.add(request);
            return request.equals("slow") ? answer.asMono() : Mono.just(request);
        };
        for (String request : requests) {
            provider.with(gate.layer(DemandEstimator.requests(), Meter.free()))
                    .apply(request)
                    .subscribe(ends::add, ends::add);
        }
    }

    private void assertUnavailable(Object end) {
        assertThat(end).isInstanceOfSatisfying(ApiException.class, error -> {
            assertThat(error.kind()).isEqualTo(ErrorKind.UNAVAILABLE);
            assertThat(error.delivery()).isEqualTo(Delivery.NOT_SENT);
            assertThat(error).hasMessageContaining("gate 'test'").hasMessageContaining("scheduler");
        });
    }

    private static void assertNobodyIn(Gate gate) {
        assertThat(gate.snapshot().waiting()).isZero();
        assertThat(gate.snapshot().inFlight()).isZero();
    }

    @Test
    void callThatWouldWaitForTime_failsAtOnce() {
        Gate gate = gate(1).build();
        time.dispose();
        ask(gate, "a", "b", "c");
        assertThat(ends).hasSize(3).first().isEqualTo("a");
        assertUnavailable(ends.get(1));
        assertUnavailable(ends.get(2));
        assertNobodyIn(gate);
    }

    @Test
    void answerThatLetsTheNextGo_isNotLostForThoseBehindIt() {
        Gate gate = gate(2).concurrency(1).build();
        ask(gate, "slow", "b", "c", "d");
        time.dispose();
        answer.tryEmitValue("slow");
        assertThat(ends).hasSize(4).contains("slow", "b");
        assertUnavailable(
                ends.stream().filter(Throwable.class::isInstance).findFirst().orElseThrow());
        assertNobodyIn(gate);
    }

    /** Those that wait hear nothing of the end of the scheduler; the next one that comes has all looked after. */
    @Test
    void schedulerInPlaceOfADisposedOne_goesOn() {
        Gate gate = gate(1).build();
        ask(gate, "a", "b", "c");
        time.dispose();
        time = VirtualTimeScheduler.create();
        time.schedule(() -> {}, 61, TimeUnit.SECONDS); // time moves by what it has to do
        time.advanceTimeBy(ofSeconds(61));
        ask(gate, "d");
        time.advanceTimeBy(ofMinutes(5));
        assertThat(ends).containsExactly("a", "b", "c", "d");
        assertNobodyIn(gate);
    }

    @Test
    void resourceThatThrows_keepsNobodyBackWhoWasAdmitted() {
        boolean[] broken = new boolean[1];
        Slots slots = Slots.of(1);
        Gate gate = Gate.builder("test")
                .notAdaptive()
                .noBreaker()
                .sharedLimit(slots)
                .sharedLimit(new Resource() {
                    @Override
                    public String name() {
                        return "brittle";
                    }

                    @Override
                    public long waitNanos(Demand demand, long now) {
                        if (broken[0] && slots.levels(now).get(0).used() == 2) {
                            throw new IllegalStateException("brittle");
                        }
                        return 0;
                    }

                    @Override
                    public void take(Demand demand, long now) {}

                    @Override
                    public void settle(Demand demand, Settlement end, long now) {}

                    @Override
                    public List<Level> levels(long now) {
                        return List.of();
                    }
                })
                .scheduler(() -> time)
                .build();
        ask(gate, "slow", "slow", "slow", "slow");
        broken[0] = true;
        try {
            gate.update(() -> slots.change(5));
        } catch (IllegalStateException e) {
            ends.add("thrown");
        }
        assertThat(asked).hasSize(2);
        broken[0] = false;
        answer.tryEmitValue("slow");
        assertThat(ends).containsExactly("thrown", "slow", "slow", "slow", "slow");
        assertNobodyIn(gate);
    }
}
