package io.headrace.admission;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Cost;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import io.headrace.observe.Meter;
import io.headrace.observe.ScriptedMeter;
import java.math.BigDecimal;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

/** What tests of gates share. */
final class Gates {

    private Gates() {}

    /** An error of a server that did no work for the call. */
    static ApiException refusal(ErrorKind kind, @Nullable Duration retryAfter) {
        return ApiException.builder(kind, kind.label())
                .delivery(Delivery.REFUSED)
                .retryAfter(retryAfter)
                .build();
    }

    /** Nobody is out or in line, and every resource has all it had. */
    static void assertEmpty(Gate gate) {
        GateSnapshot snapshot = gate.snapshot();
        assertThat(snapshot.inFlight()).isZero();
        assertThat(snapshot.waiting()).isZero();
        assertThat(snapshot.shared())
                .allSatisfy(level -> assertThat(level.used()).isZero());
        assertThat(snapshot.keys())
                .allSatisfy(key -> assertThat(key.levels())
                        .allSatisfy(level -> assertThat(level.used()).isZero()));
    }

    /** Within five seconds of real time nobody is out or in line. */
    static void assertGetsEmpty(Gate gate) {
        StepVerifier.create(Mono.fromSupplier(gate::snapshot)
                        .map(snapshot -> snapshot.inFlight() + snapshot.waiting())
                        .repeatWhen(f -> f.delayElements(ofMillis(2)))
                        .filter(n -> n == 0)
                        .next()
                        .timeout(ofSeconds(5)))
                .expectNext(0)
                .verifyComplete();
    }

    static <T> Meter<T, T> priced(String ceiling, String cost) {
        return ScriptedMeter.of(Cost.of(new BigDecimal(ceiling)), Usage.of(1, 1), Cost.of(new BigDecimal(cost)));
    }

    /** Every answer took one token. */
    static <T> Meter<T, T> metered() {
        return ScriptedMeter.of(Cost.ZERO, Usage.of(1, 0), Cost.ZERO);
    }
}
