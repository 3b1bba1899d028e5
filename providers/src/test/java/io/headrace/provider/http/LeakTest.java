package io.headrace.provider.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.testkit.Fault;
import io.headrace.testkit.Latency;
import io.headrace.testkit.SimulatedProvider;
import io.netty.buffer.ByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.resources.LoopResources;

/** Calls that are broken off or cancelled at any moment leave no buffer, connection or thread. */
@Timeout(90)
class LeakTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    @Test
    void detectorOfThisTest_findsALeak() {
        assertThat(reportedLeaks(() -> ByteBufAllocator.DEFAULT.buffer(64))).contains("LEAK");
    }

    @ParameterizedTest
    @EnumSource
    void brokenAndCancelledCalls_leaveNothing(Protocol protocol) {
        String leaks = reportedLeaks(() -> {
            LoopResources loops = LoopResources.create("leak-test", 2, true);
            try (SimulatedProvider server = protocol.server(100)
                    .latency(Latency.fixed(Duration.ofMillis(5)))
                    .gzip()
                    .faults(
                            0.5,
                            Fault.resetBeforeRead(),
                            Fault.resetAfterRead(),
                            Fault.cutBody(),
                            Fault.goAway(),
                            Fault.refusedStream(),
                            Fault.overloaded())
                    .start()) {
                HttpTransport transport =
                        protocol.client(server).eventLoops(loops).build();
                HttpEndpoint endpoint = Protocol.endpoint(transport, server);

                breakCalls(endpoint, server);
                cancelCalls(endpoint);
                answerAll(endpoint);

                transport.disposeLater().block(SOON);
                ProtocolsTest.await(() -> server.connections().open() == 0);
                assertThat(server.statistics().inFlight()).isZero();
            }
            loops.disposeLater(Duration.ZERO, SOON).block(SOON);
        });

        assertThat(leaks).isEmpty();
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().startsWith("leak-test"));
    }

    /** Faults of single calls, and connections that drop under all of them. */
    private static void breakCalls(HttpEndpoint endpoint, SimulatedProvider server) {
        long broken = Flux.range(0, 400)
                .doOnNext(i -> {
                    if (i % 100 == 99) {
                        server.dropConnections();
                    }
                })
                .flatMap(i -> Protocol.post(endpoint, "broken " + i).materialize(), 20, 1)
                .filter(outcome -> outcome.getThrowable() instanceof ApiException)
                .count()
                .block(SOON);
        assertThat(broken).isGreaterThan(100);
    }

    private static void cancelCalls(HttpEndpoint endpoint) {
        Flux.range(0, 400)
                .flatMap(
                        i -> Protocol.post(endpoint, "cancelled " + i)
                                .onErrorResume(ApiException.class, error -> Mono.empty())
                                .takeUntilOther(Mono.delay(Duration.ofNanos(25_000L * i))),
                        20,
                        1)
                .blockLast(SOON);
    }

    /** Which would hang if those before had kept their places in the ramp. */
    private static void answerAll(HttpEndpoint endpoint) {
        List<Integer> answers = Flux.range(0, 100)
                .flatMap(
                        i -> Protocol.post(endpoint, "answered " + i)
                                .filter(answer -> answer.status() == 200)
                                .switchIfEmpty(Mono.error(() -> new IllegalStateException("refused")))
                                .retry(50)
                                .map(HttpAnswer::status),
                        100,
                        1)
                .collectList()
                .block(SOON);
        assertThat(answers).hasSize(100).containsOnly(200);
    }

    /** What Netty's detector says, at the level paranoid, of buffers that {@code work} lost. */
    private static String reportedLeaks(Runnable work) {
        PrintStream before = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            work.run();
            for (int round = 0; round < 5; round++) {
                System.gc();
                for (int i = 0; i < 200; i++) { // it reports when a further buffer is made
                    ByteBufAllocator.DEFAULT.buffer(64).release();
                }
            }
        } finally {
            System.setErr(before);
        }
        return said.toString(StandardCharsets.UTF_8)
                .lines()
                .dropWhile(line -> !line.contains("LEAK"))
                .limit(60)
                .reduce("", (a, b) -> a + b + "\n");
    }
}
