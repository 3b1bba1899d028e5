package io.headrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.headrace.testkit.Fault;
import io.headrace.testkit.Latency;
import io.headrace.testkit.SimulatedProvider;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The command in a process of its own, stopped and killed, against a provider that lives on here. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "there are no signals to send")
class SignalsTest {

    private static final int ROWS = 60;
    private static final int CONCURRENCY = 4;
    private static final int PATIENCE_SECONDS = 60;

    @TempDir
    Path temp;

    /** How many calls are still answered soon; those behind them are not, so that a test that is late finds the command at work. */
    private final AtomicInteger soon = new AtomicInteger();

    private Path input;

    @BeforeEach
    void input() throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            lines.add("{\"id\":\"q" + i + "\",\"text\":\"Question " + i + ": what does the bank lend?\"}");
        }
        input = Files.write(temp.resolve("in.jsonl"), lines);
    }

    @ParameterizedTest
    @CsvSource({"INT, 130", "TERM, 143", "HUP, 129"})
    void oneSignal_endsCallsInFlightAndReports(String signal, int exitCode) throws Exception {
        assumeThat(isIgnored(exitCode - 128))
                .as(
                        "this build runs where SIG%s is ignored, as behind nohup or &, and its processes inherit that",
                        signal)
                .isFalse();
        try (SimulatedProvider provider = provider()) {
            soon.set(10);
            Process process = start(provider);
            await(process, () -> provider.statistics().answered() >= 10);
            send(signal, process);
            soon.set(Integer.MAX_VALUE);

            assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(exitCode);
            assertThat(text("err")).contains("stopping; items in flight have 30s to end");
            assertThat(text("out")).contains("stopped early", "the same command goes on from here");
            JsonNode report = report();
            assertThat(report.path("end").asString()).isEqualTo("stopped");
            assertThat(report.path("items").path("cancelled").asInt()).isZero();
            assertThat(report.path("calls").path("unknown").asInt()).isZero();

            finish(provider);
            assertThat(provider.statistics().answeredAgain()).isZero();
        }
    }

    @Test
    void secondSignal_stopsAtOnceAndKeepsWhatIsDurable() throws Exception {
        try (SimulatedProvider provider = SimulatedProvider.builder()
                .requireKey(false)
                .latency(Latency.fixed(Duration.ofMillis(10)))
                .start()) {
            AtomicInteger asked = new AtomicInteger();
            provider.failWhen(request -> asked.incrementAndGet() > 20, Fault.stall());
            Process process = start(provider);
            await(process, () -> provider.statistics().faults("stall") == CONCURRENCY);
            send("TERM", process);
            await(process, () -> text("err").contains("stopping"));
            send("TERM", process);

            assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(143);
            assertThat(Files.readAllLines(temp.resolve("out/results.jsonl")).size())
                    .isLessThanOrEqualTo((int) provider.statistics().answered() / 2);
        }
        try (SimulatedProvider provider = provider()) {
            soon.set(Integer.MAX_VALUE);
            finish(provider);
            assertThat(provider.statistics().answeredAgain()).isZero();
        }
    }

    @Test
    void killedTwice_goesOnAndAccountsForEveryItem() throws Exception {
        try (SimulatedProvider provider = provider()) {
            LongSupplier answered = () -> provider.statistics().answered();
            for (int kill = 1; kill <= 2; kill++) {
                soon.set(15);
                long enough = answered.getAsLong() + 15;
                Process process = start(provider);
                await(process, () -> answered.getAsLong() >= enough);
                process.destroyForcibly().waitFor();
            }
            soon.set(Integer.MAX_VALUE);
            finish(provider);

            int unknown = report().path("calls").path("unknown").asInt();
            // the windows of both stages at both kills
            assertThat(unknown).isLessThanOrEqualTo(2 * 2 * CONCURRENCY);
            assertThat(provider.statistics().answeredAgain()).isLessThanOrEqualTo(unknown);
        }
    }

    @Test
    void simulate_printsItsUrlAndEndsOnSignal() throws Exception {
        Process process = command(
                        "simulate",
                        "--log",
                        temp.resolve("log").toString(),
                        "--batch-log",
                        temp.resolve("batch-log").toString())
                .start();
        await(process, () -> text("out").endsWith(System.lineSeparator()));
        assertThat(text("out")).matches("http://127\\.0\\.0\\.1:\\d+/v1\\s+");
        process.destroy();
        assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
        assertThat(temp.resolve("log")).exists();
        assertThat(temp.resolve("batch-log")).exists();
    }

    private static boolean isIgnored(int signal) throws IOException {
        Path status = Path.of("/proc/self/status"); // of Linux only
        if (!Files.exists(status)) {
            return false;
        }
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("SigIgn:"))
                .mapToLong(line -> Long.parseUnsignedLong(line.substring(7).trim(), 16))
                .anyMatch(ignored -> (ignored >>> (signal - 1) & 1) == 1);
    }

    /** Lets a last run do the rest, in this process, which starts no JVM, and checks that every item has one result. */
    private void finish(SimulatedProvider provider) throws IOException {
        Cli.Result last = new Cli().run((Object[]) analyze(provider));
        assertThat(last.exitCode()).as(last.err()).isZero();
        try (Stream<String> lines = Files.lines(temp.resolve("out/results.jsonl"))) {
            assertThat(lines.map(line ->
                            JsonMapper.shared().readTree(line).path("id").asString()))
                    .hasSize(ROWS)
                    .doesNotHaveDuplicates();
        }
        JsonNode items = report().path("items");
        assertThat(items.path("in").asInt()).isEqualTo(ROWS);
        assertThat(items.path("ok").asInt()).isEqualTo(ROWS);
    }

    private JsonNode report() throws IOException {
        return JsonMapper.shared().readTree(Files.readString(temp.resolve("out/report.json")));
    }

    private SimulatedProvider provider() {
        return SimulatedProvider.builder()
                .requireKey(false)
                .latency(random -> Duration.ofMillis(soon.getAndDecrement() > 0 ? 20 : 500))
                .start();
    }

    private Process start(SimulatedProvider provider) throws IOException {
        return command(analyze(provider)).start();
    }

    private String[] analyze(SimulatedProvider provider) {
        return new String[] {
            "analyze",
            "--input=" + input,
            "--base-url=" + provider.baseUrl(),
            "--identity=simulated",
            "--concurrency=" + CONCURRENCY,
            "--out=" + temp.resolve("out"),
            "--cache=" + temp.resolve("cache")
        };
    }

    private ProcessBuilder command(String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                Main.class.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectOutput(temp.resolve("stdout").toFile())
                .redirectError(temp.resolve("stderr").toFile());
    }

    private String text(String stream) {
        try {
            return Files.readString(temp.resolve("std" + stream));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void send(String signal, Process process) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                .start()
                .waitFor();
    }

    private void await(Process process, BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.getAsBoolean()) {
            assertThat(process.waitFor(10, TimeUnit.MILLISECONDS) && !condition.getAsBoolean())
                    .as(text("err"))
                    .isFalse();
            assertThat(System.nanoTime() - deadline)
                    .as("it takes too long: " + text("err"))
                    .isNegative();
        }
    }
}
