package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.netty.http.client.PrematureCloseException;
import reactor.test.StepVerifier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class StreamTest extends OverAClient {

    private static final String BODY = Client.openAi("Ducks and geese swim on the pond near the old mill.")
            .replaceFirst("\\{", "{\"stream\":true,\"stream_options\":{\"include_usage\":true},");

    @Test
    void chatStream_saysWhatTheWholeAnswerSays_andEndsWithUsageAndMarker() {
        Client.Answer whole = client.ask(Client.OPENAI, BODY.replace("\"stream\":true", "\"stream\":false"));
        Client.Answer streamed = client.ask(Client.OPENAI, BODY);

        assertThat(streamed.headers().get("content-type")).isEqualTo("text/event-stream; charset=utf-8");
        assertThat(streamed.headers().get("x-request-id")).startsWith("req_");
        List<String> events = events(streamed.body());
        assertThat(events.get(events.size() - 1)).isEqualTo("[DONE]");
        assertThat(text(streamed.body())).isEqualTo(whole.text());
        JsonNode usage = JsonMapper.shared().readTree(events.get(events.size() - 2));
        assertThat(usage.path("choices").size()).isZero();
        assertThat(usage.path("usage")).isEqualTo(whole.json().path("usage"));
    }

    @Test
    void usage_isToldOnlyWhereItIsAskedFor() {
        Client.Answer answer =
                client.ask(Client.OPENAI, BODY.replace(",\"stream_options\":{\"include_usage\":true}", ""));

        assertThat(events(answer.body())).hasSizeGreaterThan(3).noneMatch(event -> event.contains("\"usage\""));
    }

    @Test
    void eventsOfResponses_areNumberedFromZero() {
        Client.Answer answer =
                client.ask("/v1/responses", "{\"model\":\"gpt-5\",\"stream\":true,\"input\":\"Ducks swim.\"}");

        List<String> events = events(answer.body());
        for (int i = 0; i < events.size(); i++) {
            assertThat(events.get(i)).contains("\"sequence_number\":" + i + ",");
        }
        assertThat(events).hasSizeGreaterThan(6);
    }

    @ParameterizedTest
    @CsvSource({"true, true", "true, false", "false, true", "false, false"})
    void streamThatItsClientLeaves_isNoAnswer(boolean reads, boolean resets) throws IOException {
        restart(SimulatedProvider.builder().streamPace(Duration.ofHours(1)));
        String head = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\ncontent-length: ";
        try (Socket socket = new Socket("127.0.0.1", provider.port())) {
            socket.setSoLinger(resets, 0);
            socket.getOutputStream().write((head + BODY.length() + "\r\n\r\n" + BODY).getBytes(StandardCharsets.UTF_8));
            SimulatedProviderTest.await(() -> provider.requests().size() == 1
                    && provider.answered(provider.requests().get(0).digest()) == 1); // it has begun
            if (reads) {
                assertThat(socket.getInputStream().readNBytes(8))
                        .asString(StandardCharsets.UTF_8)
                        .isEqualTo("HTTP/1.1");
                socket.getInputStream().readNBytes(socket.getInputStream().available());
            }
        }

        SimulatedProviderTest.await(() -> provider.statistics().inFlight() == 0);
        assertThat(provider.statistics().answered()).isZero();
        assertThat(provider.statistics().cancelled()).isEqualTo(1);
    }

    @Test
    void choices_comeEachWithItsIndex() {
        Client.Answer answer = client.ask(Client.OPENAI, BODY.replaceFirst("\\{", "{\"n\":3,"));

        assertThat(events(answer.body()).stream()
                        .filter(event -> event.contains("\"finish_reason\":\"stop\""))
                        .map(event -> JsonMapper.shared()
                                .readTree(event)
                                .at("/choices/0/index")
                                .asInt()))
                .containsExactly(0, 1, 2);
    }

    @Test
    void endedStream_lacksItsMarker_andNothingElseTells() {
        provider.failNext(1, Fault.endStream(3));

        assertThat(events(client.ask(Client.OPENAI, BODY).body())).hasSize(3).doesNotContain("[DONE]");
        assertThat(provider.statistics().faults()).containsEntry("stream-ended", 1L);
    }

    @Test
    void cutStream_breaksTheConnection() {
        for (Fault fault : List.of(Fault.cutStream(3), Fault.cutBody())) {
            provider.failNext(1, fault);
            assertThatThrownBy(() -> client.ask(Client.OPENAI, BODY)).hasCauseInstanceOf(PrematureCloseException.class);
        }
    }

    @Test
    void stalledStream_neverEnds_andCancelIsNoticed() {
        provider.failNext(1, Fault.stallStream(3));

        StepVerifier.create(client.post(Client.OPENAI, BODY))
                .expectSubscription()
                .then(() ->
                        SimulatedProviderTest.await(() -> provider.statistics().faults("stream-stalled") == 1))
                .expectNoEvent(Duration.ofMillis(300))
                .thenCancel()
                .verify(Client.SOON);

        SimulatedProviderTest.await(() -> provider.statistics().inFlight() == 0);
    }

    @Test
    void malformedEvent_standsAmongGoodOnes() {
        provider.failNext(1, Fault.malformedEvent(2));

        assertThat(events(client.ask(Client.OPENAI, BODY).body())).contains("{\"cut\": ", "[DONE]");
    }

    @Test
    void errorEvent_isTheLast_inTheShapeOfTheWire() {
        provider.failNext(1, Fault.errorEvent(2));

        Client.Answer answer = client.ask(Client.OPENAI, BODY);
        List<String> events = events(answer.body());

        assertThat(answer.status()).isEqualTo(200);
        assertThat(events).hasSize(3);
        assertThat(events.get(2)).contains("\"error\":{", "server_is_overloaded");
    }

    @Test
    void errorEvent_ofAWholeAnswer_isItsBody() {
        provider.failNext(1, Fault.errorEvent(2));

        Client.Answer answer = client.ask(Client.OPENAI, Client.openAi("x"));

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().at("/error/code").asString()).isEqualTo("server_is_overloaded");
    }

    @Test
    void dribble_isTheGoodAnswerInPieces() {
        String whole = text(client.ask(Client.OPENAI, BODY).body());
        provider.failNext(2, Fault.dribble(7, Duration.ZERO));

        assertThat(text(client.ask(Client.OPENAI, BODY).body())).isEqualTo(whole);
        assertThat(client.ask(Client.OPENAI, BODY.replace("\"stream\":true", "\"stream\":false"))
                        .text())
                .isEqualTo(whole);
    }

    @Test
    void pace_liesBetweenEvents() {
        restart(SimulatedProvider.builder().streamPace(Duration.ofMillis(20)));
        long start = System.nanoTime();

        int events = events(client.ask(Client.OPENAI, BODY).body()).size();

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(20L * (events - 1)));
        assertThat(provider.statistics().answered()).isEqualTo(1);
    }

    private static List<String> events(String body) {
        return Arrays.stream(body.split("\n\n"))
                .flatMap(String::lines)
                .filter(line -> line.startsWith("data: "))
                .map(line -> line.substring(6))
                .toList();
    }

    private static String text(String body) {
        StringBuilder text = new StringBuilder();
        for (String event : events(body)) {
            if (event.startsWith("{")) {
                text.append(JsonMapper.shared()
                        .readTree(event)
                        .at("/choices/0/delta/content")
                        .asString(""));
            }
        }
        return text.toString();
    }
}
