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

    private static final List<Fault> FAULTS = List.of(
            Fault.resetBeforeRead(),
            Fault.resetAfterRead(),
            Fault.cutBody(),
            Fault.goAway(),
            Fault.refusedStream(),
            Fault.overloaded());

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
                    .start()) {
                for (int i = 0; i < FAULTS.size(); i++) {
                    String mark = "fault " + i + " ";
                    server.failWhen(request -> request.body().contains(mark), FAULTS.get(i));
                }
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

    /** Every second call meets a fault, and now and then the connections drop under all of them. */
    private static void breakCalls(HttpEndpoint endpoint, SimulatedProvider server) {
        long broken = Flux.range(0, 300)
                .doOnNext(i -> {
                    if (i % 100 == 99) {
                        server.dropConnections();
                    }
                })
                .flatMap(i -> Protocol.post(endpoint, text(i)).materialize(), 20, 1)
                .filter(outcome -> outcome.getThrowable() instanceof ApiException)
                .count()
                .block(SOON);
        assertThat(broken).isGreaterThan(100);
    }

    /** Cancels after 0 to 9 ms, where an answer takes 5. */
    private static void cancelCalls(HttpEndpoint endpoint) {
        Flux.range(0, 300)
                .flatMap(
                        i -> Protocol.post(endpoint, text(i))
                                .onErrorResume(ApiException.class, error -> Mono.empty())
                                .takeUntilOther(Mono.delay(Duration.ofNanos(30_000L * i))),
                        20,
                        1)
                .blockLast(SOON);
    }

    private static String text(int i) {
        return "fault " + i % (2 * FAULTS.size()) + " of call " + i;
    }

    /** Which would hang if those before had kept their places in the ramp. */
    private static void answerAll(HttpEndpoint endpoint) {
        assertThat(Flux.range(0, 100)
                        // an HTTP/2 connection may still be going down
                        .flatMap(i -> Protocol.post(endpoint, "answered " + i).retry(5), 100, 1)
                        .filter(answer -> answer.status() == 200)
                        .count()
                        .block(SOON))
                .isEqualTo(100);
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
