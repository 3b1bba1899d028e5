package io.headrace.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.run.RunReport.End;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.test.scheduler.VirtualTimeScheduler;

class GracefulStopTest {

    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private final AtomicInteger goneOn = new AtomicInteger();
    private final AtomicInteger noMoreRows = new AtomicInteger();
    private final AtomicInteger cutOff = new AtomicInteger();
    private GracefulStop stop;

    @BeforeEach
    void make() {
        stop = stop(Duration.ofSeconds(30));
    }

    private GracefulStop stop(Duration grace) {
        GracefulStop made = new GracefulStop(grace, time, goneOn::incrementAndGet);
        made.noMoreRows().doOnTerminate(noMoreRows::incrementAndGet).subscribe();
        made.cutOff().doOnTerminate(cutOff::incrementAndGet).subscribe();
        return made;
    }

    @Test
    void nobodyAsked_endsNothing() {
        time.advanceTimeBy(Duration.ofDays(1));
        assertThat(stop.end()).isEmpty();
        assertThat(stop.reason()).isEmpty();
        assertThat(noMoreRows).hasValue(0);
        assertThat(cutOff).hasValue(0);
    }

    @Test
    void stop_givesTheGracePeriod_andSaysThatItWasNotEnough() {
        stop.stop("enough");
        time.advanceTimeBy(Duration.ofMillis(29_999));
        assertThat(noMoreRows).hasValue(1);
        assertThat(goneOn).hasValue(1);
        assertThat(cutOff).hasValue(0);
        assertThat(stop.reason()).hasValue("enough");
        time.advanceTimeBy(Duration.ofMillis(1));
        assertThat(cutOff).hasValue(1);
        assertThat(stop.reason()).hasValue("enough; items in flight did not end within 30.0 s");
        assertThat(stop.end()).hasValue(End.STOPPED);
    }

    @Test
    void withoutGrace_cutsOffAtOnce() {
        stop(Duration.ZERO).stop("now");
        assertThat(cutOff).hasValue(1);
    }

    @Test
    void ended_cutsOffNothingLater() {
        stop.stop("enough");
        stop.dispose();
        time.advanceTimeBy(Duration.ofDays(1));
        assertThat(cutOff).hasValue(0);
        assertThat(stop.reason()).hasValue("enough");
    }

    @Test
    void policyBehindAWish_changesNothing() {
        stop.drain("drained");
        assertThat(stop.stopByPolicy("too dear")).isFalse();
        assertThat(stop.end()).hasValue(End.STOPPED);
        assertThat(stop.reason()).hasValue("drained");
        time.advanceTimeBy(Duration.ofDays(1));
        assertThat(cutOff).hasValue(0);
    }

    @Test
    void wishBehindAPolicy_cutsOff_butThePolicyEndedTheRun() {
        assertThat(stop.stopByPolicy("too dear")).isTrue();
        stop.drain("drained");
        assertThat(cutOff).hasValue(0);
        stop.stop("enough");
        assertThat(cutOff).hasValue(1);
        assertThat(stop.end()).hasValue(End.STOPPED_BY_POLICY);
        assertThat(stop.reason()).hasValue("too dear");
    }

    @Test
    void stopsBehindADrain_giveTheGracePeriod_andThenNone() {
        stop.drain("drained");
        stop.stop("enough");
        assertThat(cutOff).hasValue(0);
        assertThat(stop.reason()).hasValue("drained");
        stop.stop("at once");
        assertThat(cutOff).hasValue(1);
        assertThat(stop.reason()).hasValue("at once");
        assertThat(noMoreRows).hasValue(1);
    }
}
