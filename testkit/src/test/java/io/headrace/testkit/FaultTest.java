package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

class FaultTest extends OverAClient {

    private Client.Answer openAi(Fault fault) {
        provider.failNext(1, fault);
        return client.ask(Client.OPENAI, Client.openAi("x"));
    }

    private Client.Answer anthropic(Fault fault) {
        provider.failNext(1, fault);
        return client.ask(Client.ANTHROPIC, Client.anthropic("x"));
    }

    @Test
    void rateLimited_is429_withTheWaitInSecondsRoundedUpAndInMillis() {
        Client.Answer answer = openAi(Fault.rateLimited(Duration.ofMillis(1_200)));
        assertThat(answer.status()).isEqualTo(429);
        assertThat(answer.json().at("/error/code").asString()).isEqualTo("rate_limit_exceeded");
        assertThat(answer.headers().get("retry-after")).isEqualTo("2");
        assertThat(answer.headers().get("retry-after-ms")).isEqualTo("1200");
        Client.Answer whole = anthropic(Fault.rateLimited(Duration.ofSeconds(3)));
        assertThat(whole.json().at("/error/type").asString()).isEqualTo("rate_limit_error");
        assertThat(whole.headers().get("retry-after")).isEqualTo("3");
        assertThat(whole.headers().contains("retry-after-ms")).isFalse();
    }

    @Test
    void quotaExhausted_is429_withoutAWait() {
        Client.Answer answer = openAi(Fault.quotaExhausted());
        assertThat(answer.status()).isEqualTo(429);
        assertThat(answer.json().at("/error/type").asString()).isEqualTo("insufficient_quota");
        assertThat(answer.headers().contains("retry-after")).isFalse();
        Client.Answer message = anthropic(Fault.quotaExhausted());
        assertThat(message.status()).isEqualTo(429);
        assertThat(message.json().at("/error/details/error_code").asString()).isEqualTo("enforced_spend_limit_reached");
    }

    @Test
    void serverFaults_haveTheirStatusAndShape() {
        assertThat(openAi(Fault.serverError()).status()).isEqualTo(500);
        assertThat(openAi(Fault.unavailable()).json().at("/error/code").asString())
                .isEqualTo("server_is_overloaded");
        assertThat(openAi(Fault.overloaded()).status()).isEqualTo(529);
        assertThat(anthropic(Fault.serverError()).json().at("/error/type").asString())
                .isEqualTo("api_error");
        assertThat(anthropic(Fault.unavailable()).status()).isEqualTo(503);
        assertThat(anthropic(Fault.overloaded()).json().at("/error/type").asString())
                .isEqualTo("overloaded_error");
    }

    @Test
    void anyAnswer_comesByteForByte() {
        Client.Answer answer = openAi(Fault.answer(502, Map.of("content-type", "text/html"), "<h1>Bad gateway</h1>"));
        assertThat(answer.status()).isEqualTo(502);
        assertThat(answer.body()).isEqualTo("<h1>Bad gateway</h1>");
        assertThat(answer.headers().get("content-type")).isEqualTo("text/html");
        assertThat(provider.statistics().faults("status-502")).isEqualTo(1);
    }

    @Test
    void resets_breakTheConnection_andTheNextRequestIsAnswered() {
        for (Fault fault : List.of(Fault.resetBeforeRead(), Fault.resetAfterRead())) {
            provider.failNext(1, fault);
            StepVerifier.create(client.post(Client.OPENAI, Client.openAi("x")))
                    .expectError(IOException.class)
                    .verify(Client.SOON);
            assertThat(client.ask(Client.OPENAI, Client.openAi("x")).status()).isEqualTo(200);
            assertThat(provider.statistics().faults(fault.label())).isEqualTo(1);
        }
        assertThat(provider.asked(provider.requests().get(0).digest()))
                .as("the first reset came before the body was read")
                .isEqualTo(3);
    }

    @Test
    void resetBeforeRead_comesWhileALargeBodyIsStillBeingSent() {
        provider.failNext(1, Fault.resetBeforeRead());
        StepVerifier.create(client.post(Client.OPENAI, Client.openAi("x".repeat(20_000_000))))
                .expectError(IOException.class)
                .verify(Client.SOON);
        assertThat(provider.requests()).isEmpty();
    }

    @Test
    void cutBody_sendsTheHeadAndHalfOfTheBody() {
        provider.failNext(1, Fault.cutBody());
        StepVerifier.create(client.post(Client.OPENAI, Client.openAi("x")))
                .verifyErrorSatisfies(error ->
                        assertThat(error).isInstanceOf(IOException.class).hasMessageContaining("DURING response"));
        assertThat(provider.statistics().faults("cut-body")).isEqualTo(1);
        assertThat(provider.statistics().answered()).isZero();
        assertThat(client.ask(Client.OPENAI, Client.openAi("x")).status()).isEqualTo(200);
    }

    @Test
    void stall_isOpenUntilTheClientGoesAway() {
        provider.failNext(1, Fault.stall());
        StepVerifier.create(client.post(Client.OPENAI, Client.openAi("x")))
                .expectSubscription()
                .then(() ->
                        SimulatedProviderTest.await(() -> provider.statistics().faults("stall") == 1))
                .then(() -> assertThat(provider.statistics().inFlight()).isEqualTo(1))
                .thenCancel()
                .verify(Client.SOON);
        SimulatedProviderTest.await(() -> provider.statistics().inFlight() == 0);
        assertThat(provider.statistics().cancelled()).isZero();
    }

    @Test
    void queuedFaultsComeInOrder_thenRules_andClearEndsBoth() {
        provider.failWhen(request -> request.occurrence() == 3, Fault.unavailable());
        provider.failNext(1, Fault.serverError());
        provider.failNext(1, Fault.overloaded());
        assertThat(statuses(4)).containsExactly(500, 529, 503, 200);
        provider.failWhen(request -> true, Fault.serverError());
        provider.failNext(5, Fault.serverError());
        provider.clearScript();
        assertThat(statuses(1)).containsExactly(200);
    }

    @Test
    void queueComesBeforeRules_andTheEarlierRuleBeforeTheLater() {
        provider.failWhen(request -> true, Fault.serverError());
        provider.failWhen(request -> true, Fault.unavailable());
        provider.failNext(1, Fault.overloaded());
        assertThat(statuses(2)).containsExactly(529, 500);
    }

    @Test
    void refusedForm_meetsNoFault() {
        provider.failNext(1, Fault.serverError());
        assertThat(client.ask(Client.OPENAI, "{}").status()).isEqualTo(400);
        assertThat(statuses(1)).containsExactly(500);
    }

    @Test
    void rate_isKept_isRepeatable_andDependsOnSeedBodyAndOccurrence() {
        List<Integer> first = byRate(7);
        List<Integer> again = byRate(7);
        List<Integer> otherSeed = byRate(8);
        assertThat(again).isEqualTo(first);
        assertThat(otherSeed).isNotEqualTo(first);
        assertThat(first.stream().filter(status -> status != 200).count()).isBetween(30L, 70L);
        assertThat(first.subList(0, 100)).as("second occurrences").isNotEqualTo(first.subList(100, 200));
    }

    private List<Integer> byRate(long seed) {
        restart(SimulatedProvider.builder().seed(seed).faults(0.25, Fault.serverError(), Fault.resetAfterRead()));
        return Flux.range(0, 200)
                .concatMap(i -> client.post(Client.OPENAI, Client.openAi("text " + i % 100))
                        .map(Client.Answer::status)
                        .onErrorResume(IOException.class, error -> Mono.just(0)))
                .collectList()
                .block(Client.SOON);
    }

    @Test
    void standardMixture_playsEachOfItsFaults() {
        restart(SimulatedProvider.builder().faults(1));
        Flux.range(0, 100)
                .concatMap(i -> client.post(Client.OPENAI, Client.openAi("text " + i))
                        .then()
                        .onErrorResume(IOException.class, error -> Mono.empty()))
                .blockLast(Client.SOON);
        assertThat(provider.statistics().faults().keySet())
                .containsExactlyInAnyOrder(
                        "rate-limited",
                        "server-error",
                        "unavailable",
                        "overloaded",
                        "reset-before-read",
                        "reset-after-read",
                        "cut-body");
        assertThat(provider.statistics().answered()).isZero();
    }

    private List<Integer> statuses(int requests) {
        return IntStream.range(0, requests)
                .mapToObj(i -> client.ask(Client.OPENAI, Client.openAi("x")).status())
                .toList();
    }

    @Test
    void wordsThatHttp1CannotSay_areACloseWithoutAnAnswer() {
        for (Fault fault : List.of(Fault.goAway(), Fault.refusedStream())) {
            provider.failNext(1, fault);
            StepVerifier.create(client.post(Client.OPENAI, Client.openAi("x")))
                    .expectErrorMessage("Connection prematurely closed BEFORE response")
                    .verify(Client.SOON);
            assertThat(provider.statistics().faults(fault.label())).isEqualTo(1);
        }
    }
}
