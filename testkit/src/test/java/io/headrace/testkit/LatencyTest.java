package io.headrace.testkit;

import static java.time.Duration.ofMillis;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class LatencyTest {

    private static List<Duration> draw(Latency latency) {
        SplittableRandom random = new SplittableRandom(1);
        return Stream.generate(() -> latency.draw(random))
                .limit(10_000)
                .sorted()
                .toList();
    }

    @Test
    void uniform_staysBetweenItsBounds_andFillsThem() {
        List<Duration> drawn = draw(Latency.uniform(ofMillis(100), ofMillis(200)));
        assertThat(drawn.get(0)).isBetween(ofMillis(100), ofMillis(101));
        assertThat(drawn.get(9_999)).isBetween(ofMillis(199), ofMillis(200));
    }

    @Test
    void logNormal_hasItsMedianAndTail() {
        List<Duration> drawn = draw(Latency.logNormal(ofMillis(100), 0.5));
        assertThat(drawn.get(5_000)).isBetween(ofMillis(97), ofMillis(103));
        assertThat(drawn.get(9_900)).isBetween(ofMillis(290), ofMillis(350));
    }

    @Test
    void stragglers_areAsManyAsTold() {
        List<Duration> drawn = draw(Latency.stragglers(Latency.fixed(ofMillis(20)), 0.02, ofMillis(2_000)));
        assertThat(drawn.stream().filter(ofMillis(2_000)::equals).count()).isBetween(150L, 250L);
        assertThat(drawn).containsOnly(ofMillis(20), ofMillis(2_000));
    }

    @Test
    void impossibleNumbers_areRefused() {
        assertThatThrownBy(() -> Latency.fixed(ofMillis(-1))).hasMessageContaining("latency must not be negative");
        assertThatThrownBy(() -> Latency.uniform(ofMillis(2), ofMillis(1))).hasMessageContaining("below min");
        assertThatThrownBy(() -> Latency.stragglers(Latency.none(), 2, ofMillis(1)))
                .hasMessageContaining("0 to 1");
    }
}
