package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

class WorkersTest {

    private final Workers workers = new Workers();
    private final List<Integer> begun = new ArrayList<>();

    private Disposable begin(int number, Sinks.Empty<Void> end) {
        return workers.run(
                        Runnable::run,
                        Mono.fromRunnable(() -> begun.add(number)).then(end.asMono()))
                .subscribe(any -> {}, error -> {});
    }

    @Test
    void others_waitInOrder_untilOneIsFree() {
        workers.limit(1);
        Sinks.Empty<Void> first = Sinks.empty();
        Sinks.Empty<Void> second = Sinks.empty();
        begin(1, first);
        begin(2, second);
        begin(3, Sinks.empty());
        assertThat(begun).containsExactly(1);
        first.tryEmitEmpty();
        assertThat(begun).containsExactly(1, 2);
        second.tryEmitError(new IllegalStateException("failed"));
        assertThat(begun).containsExactly(1, 2, 3);
    }

    @Test
    void cancel_whileWaitingAndWhileWorking_freesThePlace() {
        workers.limit(1);
        Disposable working = begin(1, Sinks.empty());
        Disposable waiting = begin(2, Sinks.empty());
        begin(3, Sinks.empty());
        waiting.dispose();
        working.dispose();
        assertThat(begun).containsExactly(1, 3);
    }

    @Test
    void cancel_betweenTheTurnAndItsNews_passesTheWorkerOn() {
        workers.limit(1);
        List<Runnable> loop = new ArrayList<>();
        Sinks.Empty<Void> first = Sinks.empty();
        begin(1, first);
        Disposable unlucky =
                workers.run(loop::add, Mono.fromRunnable(() -> begun.add(2))).subscribe();
        begin(3, Sinks.empty());
        first.tryEmitEmpty();
        assertThat(begun).containsExactly(1);
        unlucky.dispose();
        assertThat(begun).containsExactly(1, 3);
        loop.forEach(Runnable::run);
        assertThat(begun).containsExactly(1, 3);
    }

    @Test
    void higherLimit_letsTheNextIn_andNoneLetsAll() {
        workers.limit(1);
        for (int i = 1; i <= 5; i++) {
            begin(i, Sinks.empty());
        }
        workers.limit(2);
        assertThat(begun).containsExactly(1, 2);
        workers.limit(0);
        assertThat(begun).containsExactly(1, 2, 3, 4, 5);
    }
}
