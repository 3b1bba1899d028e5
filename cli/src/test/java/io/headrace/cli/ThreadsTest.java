package io.headrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ThreadsTest {

    @TempDir
    Path temp;

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

    @ParameterizedTest
    @ValueSource(strings = {"online", "batch"})
    @EnabledOnOs(OS.LINUX)
    void run_startsNoMoreThanAreTried(String mode) throws IOException, InterruptedException {
        Path said = temp.resolve("said");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-XX:-UseDynamicNumberOfCompilerThreads",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        CountedThreads.class.getName(),
                        "analyze",
                        "--mode=" + mode,
                        "--input=" + Cli.questions(temp, 100),
                        "--out=" + temp.resolve("out"),
                        "--cache=" + temp.resolve("cache"))
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        List<String> lines = Files.readAllLines(said);
        assertThat(process.exitValue()).as(lines.toString()).isZero();
        assertThat(Integer.parseInt(lines.get(lines.size() - 1))).isBetween(10, Threads.NEEDED);
    }

    private void endAll() throws InterruptedException {
        for (Thread thread : started) {
            thread.join();
        }
    }
}
