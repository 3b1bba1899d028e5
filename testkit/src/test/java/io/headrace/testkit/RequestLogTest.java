package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

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

    @Timeout(60)
    @ParameterizedTest
    @CsvSource({"answered, 16", "server-error, 16", "rejected, 16", "over-quota, 16", "cancelled, 500"})
    void lineIsThere_beforeTheRequestIsCounted(String outcome, int atOnce) throws IOException {
        int requests = 500;
        Path file = folder.resolve("log");
        SimulatedProvider.Builder builder =
                SimulatedProvider.builder().logFile(file).clock(new HandClock(Instant.EPOCH));
        if (outcome.equals("over-quota")) {
            builder.quota(SimulatedQuota.unlimited().tokensPerMinute(1));
        } else if (outcome.equals("cancelled")) {
            builder.latency(Latency.fixed(Duration.ofHours(1)));
        }
        try (SimulatedProvider provider = builder.start();
                Client client = new Client(provider, atOnce)) {
            if (outcome.equals("server-error")) {
                provider.failWhen(request -> true, Fault.serverError());
            }
            Disposable asking = Flux.range(1_000, requests)
                    .map(i -> outcome.equals("rejected") ? "{\"a\":" + i + "}" : Client.openAi("x" + i))
                    .flatMap(body -> client.post(Client.OPENAI, body), atOnce)
                    .subscribe();
            if (outcome.equals("cancelled")) {
                SimulatedProviderTest.await(() -> provider.statistics().inFlight() == requests);
                asking.dispose();
            }
            // with a clock that stands and bodies alike a line is as long as any other: the length of the file tells
            // how many there are
            long counted = 0;
            long logged = 0;
            long line = 0;
            while (counted < requests && counted <= logged) {
                counted = counted(provider.statistics());
                long bytes = Files.size(file);
                line = line == 0 ? Files.readString(file).indexOf('\n') + 1 : line;
                logged = line == 0 ? 0 : bytes / line;
            }
            assertThat(counted).isEqualTo(requests);
            assertThat(RequestLog.read(file))
                    .hasSize(requests)
                    .allMatch(entry -> entry.outcome().equals(outcome));
        }
    }

    private static long counted(SimulatorStatistics statistics) {
        return statistics.answered()
                + statistics.rejected()
                + statistics.cancelled()
                + statistics.faults().values().stream()
                        .mapToLong(count -> count)
                        .sum();
    }

    @Test
    void tokens_areThoseThatTheServerWorkedOn_whateverBecameOfTheAnswer() throws IOException {
        Path file = folder.resolve("log");
        List<Fault> worked = List.of(Fault.resetAfterRead(), Fault.cutBody(), Fault.cutStream(1), Fault.errorEvent(1));
        List<Fault> idle = List.of(Fault.resetBeforeRead(), Fault.serverError(), Fault.goAway());
        try (SimulatedProvider provider =
                        SimulatedProvider.builder().logFile(file).start();
                Client client = new Client(provider)) {
            for (Fault fault : Stream.concat(worked.stream(), idle.stream()).toList()) {
                provider.failNext(1, fault);
                client.post(Client.OPENAI, Client.openAi("x"))
                        .onErrorResume(IOException.class, error -> Mono.empty())
                        .block(Client.SOON);
            }
            assertThat(RequestLog.read(file))
                    .hasSize(worked.size() + idle.size())
                    .allSatisfy(entry -> assertThat(entry.inputTokens() > 0)
                            .as(entry.outcome())
                            .isEqualTo(worked.stream()
                                    .anyMatch(fault -> fault.label().equals(entry.outcome()))));
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
