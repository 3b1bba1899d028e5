package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Flux;

class RequestLogTest {

    @TempDir
    Path folder;

    @Test
    void everyRequest_hasOneLine_withItsOutcome() throws IOException {
        Path file = folder.resolve("logs/requests.jsonl");
        try (SimulatedProvider provider =
                        SimulatedProvider.builder().logFile(file).start();
                Client client = new Client(provider)) {
            String body = Client.openAi("x");
            client.ask(Client.OPENAI, body);
            provider.failNext(1, Fault.serverError());
            client.ask(Client.OPENAI, body);
            client.ask(Client.ANTHROPIC, "{}");
            client.ask("/v1/\"nothing\"", "{}");
            List<RequestLog.Entry> entries = RequestLog.read(file);
            assertThat(entries)
                    .extracting(RequestLog.Entry::outcome)
                    .containsExactly("answered", "server-error", "rejected", "rejected");
            assertThat(entries).extracting(RequestLog.Entry::status).containsExactly(200, 500, 400, 404);
            assertThat(entries).extracting(RequestLog.Entry::occurrence).containsExactly(1, 2, 1, 0);
            assertThat(entries.get(0).digest())
                    .isEqualTo(provider.requests().get(0).digest())
                    .hasSize(64);
            assertThat(entries.get(0).answered()).isTrue();
            assertThat(entries.get(0).inputTokens()).isPositive();
            assertThat(entries.get(0).outputTokens()).isPositive();
            assertThat(entries.subList(1, 4))
                    .allSatisfy(entry -> assertThat(entry.inputTokens() + entry.outputTokens())
                            .isZero());
        }
    }

    @Test
    void lineIsThere_beforeTheClientSeesTheAnswer() {
        Path file = folder.resolve("log");
        try (SimulatedProvider provider =
                        SimulatedProvider.builder().logFile(file).start();
                Client client = new Client(provider)) {
            Boolean logged = Flux.range(1, 50)
                    .concatMap(i -> client.post(Client.OPENAI, Client.openAi("x" + i))
                            .map(answer -> {
                                try {
                                    return RequestLog.read(file).size() == i;
                                } catch (IOException e) {
                                    throw new IllegalStateException(e);
                                }
                            }))
                    .all(yes -> yes)
                    .block(Client.SOON);
            assertThat(logged).isTrue();
        }
    }

    @Test
    void clientThatGoesAway_isLoggedAsCancelled() throws IOException {
        Path file = folder.resolve("log");
        try (SimulatedProvider provider = SimulatedProvider.builder()
                        .latency(Latency.fixed(Duration.ofHours(1)))
                        .logFile(file)
                        .start();
                Client client = new Client(provider)) {
            var open = client.post(Client.OPENAI, Client.openAi("x")).subscribe();
            SimulatedProviderTest.await(() -> provider.statistics().inFlight() == 1);
            open.dispose();
            SimulatedProviderTest.await(() -> provider.statistics().cancelled() == 1);
            assertThat(RequestLog.read(file)).singleElement().satisfies(entry -> {
                assertThat(entry.outcome()).isEqualTo("cancelled");
                assertThat(entry.inputTokens()).as("worked on").isPositive();
            });
        }
    }

    @Test
    void secondProcess_appends_andCutsATornLine() throws IOException {
        Path file = folder.resolve("log");
        for (int run = 0; run < 2; run++) {
            try (SimulatedProvider provider =
                            SimulatedProvider.builder().logFile(file).start();
                    Client client = new Client(provider)) {
                client.ask(Client.OPENAI, Client.openAi("x"));
            }
            Files.writeString(file, "{\"time\":\"20", StandardOpenOption.APPEND);
            assertThat(RequestLog.read(file)).hasSize(run + 1);
        }
    }

    @Test
    void damagedLine_isNamed() throws IOException {
        Path file = folder.resolve("log");
        Files.writeString(file, "nonsense\n");
        assertThatThrownBy(() -> RequestLog.read(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("line 1");
    }
}
