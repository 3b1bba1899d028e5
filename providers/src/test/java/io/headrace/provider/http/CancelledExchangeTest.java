package io.headrace.provider.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.testkit.Latency;
import io.headrace.testkit.SimulatedProvider;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

class CancelledExchangeTest {

    private static final int CALLS = 3_000;

    /** The answer to a cancelled call may come while its connection is being closed: nobody else may get that connection then. */
    @Test
    void callsCancelledAsTheirAnswersCome_breakNoOtherCall() {
        Random random = new Random(7);
        List<Throwable> errors = new CopyOnWriteArrayList<>();
        try (SimulatedProvider server = SimulatedProvider.builder()
                        .latency(Latency.logNormal(Duration.ofMillis(20), 0.8))
                        .start();
                HttpTransport transport = HttpTransport.create()) {
            HttpEndpoint endpoint = Protocol.endpoint(transport, server);
            Flux.range(0, CALLS)
                    .flatMap(
                            i -> Protocol.post(endpoint, "call " + i)
                                    .takeUntilOther(Mono.delay(Duration.ofMillis(random.nextInt(80))))
                                    .doOnError(errors::add)
                                    .onErrorComplete(),
                            60,
                            1)
                    .blockLast(Duration.ofSeconds(60));
        }
        assertThat(errors).isEmpty();
    }
}
