package io.headrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ThreadsTest {

    private final List<Thread> started = new ArrayList<>();

    /** As the JVM does it where the operating system gives it no more than three. */
    private Thread limited(Runnable work) {
        return new Thread(work) {
            @Override
            public synchronized void start() {
                if (started.size() == 3) {
                    throw new OutOfMemoryError("unable to create native thread");
                }
                started.add(this);
                super.start();
            }
        };
    }

    @Test
    void asManyAsAreNeeded_areStartedAndLetGo() throws InterruptedException {
        Threads.check(3, this::limited);
        assertThat(started).hasSize(3);
        endAll();
    }

    @Test
    void tooFew_areToldAndLetGo() throws InterruptedException {
        assertThatThrownBy(() -> Threads.check(20, this::limited))
                .isInstanceOf(UsageProblem.class)
                .hasMessageContainingAll("may start 3 more threads", "about 20", "ulimit -u");
        endAll();
    }

    private void endAll() throws InterruptedException {
        for (Thread thread : started) {
            thread.join();
        }
    }
}
