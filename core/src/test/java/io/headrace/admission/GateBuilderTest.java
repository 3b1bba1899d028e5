package io.headrace.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.Call;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.test.scheduler.VirtualTimeScheduler;

class GateBuilderTest {

    @Test
    void twoGatesOfOneBuilder_haveLimitsOfTheirOwn() {
        GateBuilder builder = Gate.builder("template").concurrency(1);
        Gate one = builder.build();
        Gate other = builder.build();
        Call<String, String> endless = request -> Mono.never();
        endless.with(one.<String, String>layer()).apply("q").subscribe();
        other.concurrency(2);
        for (int i = 0; i < 3; i++) {
            endless.with(other.<String, String>layer()).apply("q").subscribe();
        }
        assertThat(one.snapshot().inFlight()).isEqualTo(1);
        assertThat(other.snapshot().inFlight()).isEqualTo(2);
    }

    @Test
    void statedRate_isToldAsItWasStated() {
        Gate gate = Gate.builder("a").requestsPerMinute(600).build();
        assertThat(gate.snapshot().keys().get(0).levels())
                .contains(new Level("requests per minute", 0, 600, Level.Origin.STATED));
    }

    @Test
    void adaptive_saysWhereWhatIsLearnedStarts() {
        Gate gate = Gate.builder("patient")
                .adaptive(AdaptiveSpec.standard().initial(3, 1_000_000))
                .build();
        Call<String, String> endless = request -> Mono.never();
        for (int i = 0; i < 10; i++) {
            endless.with(gate.<String, String>layer()).apply("q").subscribe();
        }
        assertThat(gate.snapshot().inFlight()).isEqualTo(3);
    }

    @Test
    void statedConcurrency_isThereAtTheFirstMomentOfVirtualTime() {
        VirtualTimeScheduler time = VirtualTimeScheduler.create();
        Gate gate =
                Gate.builder("virtual").concurrency(10).scheduler(() -> time).build();
        List<Integer> answers = new ArrayList<>();
        Call<Integer, Integer> call = Mono::just;
        for (int i = 0; i < 10; i++) {
            call.with(gate.<Integer, Integer>layer()).apply(i).subscribe(answers::add);
        }
        assertThat(answers).hasSize(10); // a wait of a nanosecond would last until somebody moves the clock
    }

    @Test
    void absurdAgeing_isRefused() {
        GateBuilder builder = Gate.builder("a");
        for (Duration ageing :
                List.of(Duration.ofNanos(-1), Duration.ofDays(10_001), Duration.ofSeconds(Long.MAX_VALUE))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> builder.ageing(ageing))
                    .withMessageContaining("ageing");
        }
        builder.ageing(Duration.ZERO).ageing(Duration.ofDays(10_000)).build();
    }

    @Test
    void oneKeyUnderTwoNames_isRefusedAndNotShown() {
        List<ApiKey> keys = List.of(new ApiKey("red", "secret"), new ApiKey("blue", "secret"));
        assertThatThrownBy(() -> Gate.builder("a").keys(keys))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'red' and 'blue'")
                .hasMessageNotContaining("secret");
    }
}
