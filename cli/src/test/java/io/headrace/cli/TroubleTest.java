package io.headrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.cli.Cli.Result;
import io.headrace.testkit.Fault;
import io.headrace.testkit.SimulatedProvider;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import reactor.core.scheduler.Schedulers;

/** Providers that cannot be reached or turn the account down: the run waits, or stops with the rest pending. */
class TroubleTest extends OverAFolder {

    @Test
    void httpsToAServerWithoutTls_stopsTheRun() throws IOException {
        try (SimulatedProvider provider = SimulatedProvider.builder().start()) {
            String https = provider.baseUrl().replace("http:", "https:");
            Result result = analyze("--input", questions(50), "--base-url", https, "--concurrency", "2");
            assertThat(result.exitCode()).isEqualTo(3);
            assertThat(result.out()).contains("does not speak TLS", "0 failed");
            assertThat(out.resolve("dead-letters.jsonl")).isEmptyFile();
        }
    }

    @Test
    void providerThatIsDownFromTheStart_leavesEveryItemPending() throws IOException {
        SimulatedProvider gone = SimulatedProvider.builder().start();
        gone.close();
        Result result = analyze("--input", questions(200), "--base-url", gone.baseUrl(), "--give-up-after", "2s");
        assertThat(result.exitCode()).isEqualTo(3);
        assertThat(result.out())
                .contains("stopped early: 0 items done", "no call was ever answered", "refused", "0 ok, 0 failed");
        assertThat(out.resolve("dead-letters.jsonl")).isEmptyFile();
    }

    @Test
    void providerThatDiesInTheMiddle_leavesTheRestPending() throws IOException {
        SimulatedProvider dying = SimulatedProvider.builder().requireKey(false).start();
        AtomicInteger asked = new AtomicInteger();
        dying.failWhen(
                request -> {
                    int number = asked.incrementAndGet();
                    if (number == 100) {
                        Schedulers.boundedElastic().schedule(dying::close);
                    }
                    return number >= 100; // nothing is answered while it closes
                },
                Fault.stall());
        Result result = analyze(
                "--input",
                questions(300),
                "--base-url",
                dying.baseUrl(),
                "--concurrency",
                "20",
                "--give-up-after",
                "2s");
        assertThat(result.exitCode()).isEqualTo(3);
        assertThat(result.out()).contains("stopped early: ", "no call was answered for", "0 failed");
        assertThat(out.resolve("dead-letters.jsonl")).isEmptyFile();
        assertThat(out.resolve("results.jsonl")).isNotEmptyFile();
    }

    @Test
    void providerThatComesBack_isWaitedFor() throws IOException {
        try (SimulatedProvider provider =
                SimulatedProvider.builder().requireKey(false).start()) {
            AtomicInteger asked = new AtomicInteger();
            AtomicLong outage = new AtomicLong(); // half a second: over when the breaker lets its first probes through
            provider.failWhen(
                    request -> {
                        if (asked.incrementAndGet() == 100) {
                            outage.set(System.nanoTime());
                        }
                        return asked.get() >= 100 && System.nanoTime() - outage.get() < 500_000_000L;
                    },
                    Fault.serverError());
            Result result =
                    analyze("--input", questions(300), "--base-url", provider.baseUrl(), "--give-up-after", "15s");
            assertThat(result.exitCode()).isZero();
            assertThat(result.out()).contains("300 ok, 0 failed");
        }
    }

    @Test
    void wrongKey_stopsTheRunAndALaterOneGoesOn() throws IOException {
        try (SimulatedProvider provider =
                SimulatedProvider.builder().keys("sk-good").start()) {
            Object[] arguments = {"--input", questions(50), "--base-url", provider.baseUrl(), "--concurrency", "2"};
            cli.with("HEADRACE_API_KEY", "sk-bad");
            Result refused = analyze(arguments);
            assertThat(refused.exitCode()).isEqualTo(3);
            assertThat(refused.err()).doesNotContain("sk-bad");
            assertThat(refused.out())
                    .contains("stopped early", "HTTP 401", "0 failed", "the same command goes on from here")
                    .doesNotContain("categories", "summary.json");
            assertThat(provider.statistics().requests()).isLessThan(50);

            cli.with("HEADRACE_API_KEY", "sk-good");
            Result mended = analyze(arguments);
            assertThat(mended.exitCode()).isZero();
            assertThat(mended.out()).contains("50 ok, 0 failed");
        }
    }
}
