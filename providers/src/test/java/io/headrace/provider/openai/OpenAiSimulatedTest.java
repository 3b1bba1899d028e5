package io.headrace.provider.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.layer.ChatStream;
import io.headrace.model.AnswerFormat;
import io.headrace.model.ChatCall;
import io.headrace.model.ChatCollector;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.EmbeddingRequest;
import io.headrace.model.FinishReason;
import io.headrace.model.JsonSchema;
import io.headrace.model.Part;
import io.headrace.model.ReasoningEffort;
import io.headrace.model.Tool;
import io.headrace.model.ToolChoice;
import io.headrace.provider.OneOfFive;
import io.headrace.provider.http.HttpTransport;
import io.headrace.testkit.Fault;
import io.headrace.testkit.SimulatedProvider;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.test.StepVerifier;

/** The client and the simulated provider, whole and streamed, in good and in bad weather. */
class OpenAiSimulatedTest {

    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String KEY = "sk-test-0123456789abcdef";

    private static final JsonSchema SCHEMA = JsonSchema.of(
            "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"},\"days\":{\"type\":\"integer\"}},\"required\":[\"city\",\"days\"],\"additionalProperties\":false}");
    private static final Tool WEATHER = Tool.of("get_weather", "Tells the weather.", SCHEMA);

    private SimulatedProvider provider = SimulatedProvider.builder().start();
    private final HttpTransport transport = HttpTransport.create();
    private OpenAi openAi = connect(transport);

    @SuppressWarnings("MustBeClosedChecker") // its transport is closed
    private OpenAi connect(HttpTransport transport) {
        return OpenAi.builder()
                .apiKey(KEY)
                .baseUrl(provider.baseUrl() + "/v1")
                .transport(transport)
                .build();
    }

    private void restart(SimulatedProvider.Builder builder) {
        provider.close();
        provider = builder.start();
        openAi = connect(transport);
    }

    @AfterEach
    void close() {
        transport.disposeLater().block(SOON);
        provider.close();
    }

    @Test
    void slowSubscriberOfAStream_isNotTheServersSilence() throws Exception {
        try (HttpTransport hasty =
                HttpTransport.builder().idleTimeout(Duration.ofMillis(300)).build()) {
            OpenAi slow = connect(hasty);
            OneOfFive.passes(() -> {
                provider.failNext(1, Fault.dribble(100, Duration.ofMillis(20)));
                AtomicInteger taken = new AtomicInteger();
                ChatStream.of(slow.chat())
                        .apply(ChatRequest.builder("m")
                                .user("The duck and the goose swim on the pond.")
                                .build())
                        .concatMap(
                                delta -> taken.incrementAndGet() == 2
                                        ? Mono.just(delta).delayElement(Duration.ofMillis(1_000))
                                        : Mono.just(delta),
                                0)
                        .blockLast(Duration.ofSeconds(30));
                assertThat(taken.get()).isGreaterThan(4);
            });

            provider.failNext(1, Fault.stallStream(2));
            assertThatThrownBy(() -> ChatStream.of(slow.chat())
                            .apply(ChatRequest.builder("m").user("The duck").build())
                            .blockLast(Duration.ofSeconds(30)))
                    .hasMessageContaining("idleTimeout");
        }
    }

    @Test
    void collectedDeltas_areTheWholeAnswer() {
        ChatRequest.Builder ask = ask();
        List<ChatRequest> both = List.of(
                ask().build(),
                ask().reasoningEffort(ReasoningEffort.HIGH).build(),
                ask().topLogprobs(2).build(),
                ask().tools(WEATHER).toolChoice(ToolChoice.REQUIRED).build(),
                ask().answerFormat(AnswerFormat.of("s", SCHEMA)).build(),
                ask().user("you must refuse").build());
        for (ChatRequest request : both) {
            assertSame(openAi.chat(), request);
            assertSame(openAi.responses(), request);
        }
        assertSame(openAi.chat(), ask().maxOutputTokens(3).build());
        assertSame(openAi.responses(), ask().extra("max_output_tokens", 3).build());
        assertSame(openAi.chat(), ask.n(3).stop("and").build());
    }

    @Test
    @SuppressWarnings("MustBeClosedChecker") // its transport is closed
    void reasoningModels_areSentTheLimitThatTheyTake_andNoSamplingUnasked() {
        ChatRequest request = ChatRequest.builder("gpt-5")
                .user("The duck")
                .maxOutputTokens(200)
                .reasoningEffort(ReasoningEffort.LOW)
                .build();
        assertSame(openAi.chat(), request);
        assertSame(openAi.responses(), request);
        ChatRequest warm = request.toBuilder().temperature(0.5).build();
        assertRefused(openAi.chat(), warm, "'temperature' does not support 0.5 with this model");
        assertRefused(openAi.responses(), warm, "'temperature' is not supported with this model");
        OpenAi old = OpenAi.builder()
                .apiKey(KEY)
                .baseUrl(provider.baseUrl() + "/v1")
                .transport(transport)
                .legacyMaxTokens()
                .build();
        assertRefused(old.chat(), request, "Use 'max_completion_tokens' instead");
    }

    private static void assertRefused(ChatCall call, ChatRequest request, String words) {
        assertThatThrownBy(() -> call.apply(request).block(SOON))
                .isInstanceOfSatisfying(
                        ApiException.class, error -> assertThat(error.kind()).isEqualTo(ErrorKind.INVALID_REQUEST))
                .hasMessageContaining(words);
    }

    private static void assertSame(ChatCall call, ChatRequest request) {
        ChatResponse whole = call.apply(request).block(SOON);
        ChatResponse streamed = collect(call, request).block(SOON);
        assertThat(streamed.usage()).isEqualTo(whole.usage());
        assertThat(streamed.model()).isEqualTo(whole.model());
        assertThat(streamed.serviceTier()).isEqualTo(whole.serviceTier());
        assertThat(whole.requestId()).startsWith("req_");
        assertThat(streamed.requestId()).startsWith("req_");
        assertThat(streamed.choices()).hasSameSizeAs(whole.choices());
        for (int i = 0; i < whole.choices().size(); i++) {
            var expected = whole.choices().get(i);
            var choice = streamed.choices().get(i);
            assertThat(choice.text()).isEqualTo(expected.text());
            assertThat(choice.refusal()).isEqualTo(expected.refusal());
            assertThat(choice.finishReason()).isEqualTo(expected.finishReason());
            assertThat(choice.providerReason()).isEqualTo(expected.providerReason());
            assertThat(choice.logprobs()).hasSameSizeAs(expected.logprobs());
            assertThat(choice.toolCalls())
                    .extracting(Part.ToolCall::arguments)
                    .isEqualTo(expected.toolCalls().stream()
                            .map(Part.ToolCall::arguments)
                            .toList());
        }
    }

    @Test
    void toolIsCalled_andItsResultIsTold() {
        ChatRequest request = ChatRequest.builder("gpt-4o")
                .user("What is the weather in Rome?")
                .tools(WEATHER)
                .build();
        ChatResponse answer = openAi.chat().apply(request).block(SOON);
        Part.ToolCall call = answer.toolCalls().get(0);

        assertThat(answer.finishReason()).isEqualTo(FinishReason.TOOL_CALLS);
        assertThat(call.arguments()).contains("\"city\":\"Rome\"");

        ChatRequest next = request.toBuilder()
                .answer(answer)
                .toolResults(new Part.ToolResult(call.id(), "sunny"))
                .build();
        assertThat(openAi.chat().apply(next).block(SOON).text()).contains("sunny");
        assertThat(openAi.responses().apply(next).block(SOON).text()).contains("sunny");
    }

    @Test
    void everyFaultWithinAStream_isAnError_neverAShortAnswer() {
        for (ChatCall call : List.of(openAi.chat(), openAi.responses())) {
            int events = eventCount(call);
            for (int i = 0; i < events; i++) {
                assertFails(call, Fault.cutStream(i), ErrorKind.TRANSPORT);
                assertFails(call, Fault.endStream(i), ErrorKind.MALFORMED_RESPONSE);
                assertFails(call, Fault.malformedEvent(i), ErrorKind.MALFORMED_RESPONSE);
                assertFails(call, Fault.errorEvent(i), ErrorKind.OVERLOADED);
            }
            assertFails(call, Fault.cutBody(), ErrorKind.TRANSPORT);
        }
    }

    @Test
    void stalledStream_meetsTheIdleTimeout() {
        try (HttpTransport hasty =
                HttpTransport.builder().idleTimeout(Duration.ofMillis(500)).build()) {
            for (int events : new int[] {1, 4}) {
                ApiException error = assertFails(connect(hasty).chat(), Fault.stallStream(events), ErrorKind.TIMEOUT);
                assertThat(error.delivery()).isEqualTo(Delivery.UNKNOWN);
                assertThat(error).hasMessageContaining("idleTimeout").hasMessageContaining("partial answer");
            }
        }
    }

    @Test
    void dribbledStream_isReadWhole() {
        String text = openAi.chat().apply(ask().build()).block(SOON).text();
        for (int bytes : new int[] {1, 7, 4096}) {
            provider.failNext(2, Fault.dribble(bytes, Duration.ZERO));
            assertThat(collect(openAi.chat(), ask().build()).block(SOON).text()).isEqualTo(text);
            assertThat(collect(openAi.responses(), ask().build()).block(SOON).text())
                    .isEqualTo(text);
        }
    }

    @Test
    void streamsReuseTheirConnections() {
        // a call may begin before the connection of one before is back, which the thread of that one brings
        Flux.range(0, 20).concatMap(i -> collect(openAi.chat(), ask().build())).blockLast(SOON);

        assertThat(provider.connections().opened()).isBetween(1L, 5L);
    }

    @Test
    void cancelAtAnyMoment_leavesNothingOpen() {
        restart(SimulatedProvider.builder().streamPace(Duration.ofMillis(5)));
        Flux.range(0, 60)
                .flatMap(
                        i -> ChatStream.of(i % 2 == 0 ? openAi.chat() : openAi.responses())
                                .apply(ask().build())
                                .take(Duration.ofMillis(2L * i))
                                .then(),
                        20,
                        1)
                .blockLast(SOON);
        ChatStream.of(openAi.chat()).apply(ask().build()).take(3).blockLast(SOON);

        Flux.interval(Duration.ofMillis(20))
                .filter(tick -> provider.statistics().inFlight() == 0)
                .blockFirst(SOON);
        assertThat(collect(openAi.chat(), ask().build()).block(SOON).text()).isNotEmpty();
    }

    @Test
    void streamsOverHttp2_shareConnections_andBreakByThemselves() {
        restart(SimulatedProvider.builder().tls().http2(100).streamPace(Duration.ofMillis(2)));
        try (HttpTransport http2 =
                        HttpTransport.builder().http2().trust(provider.trust()).build();
                OpenAi client = OpenAi.builder()
                        .apiKey(KEY)
                        .baseUrl(provider.baseUrl() + "/v1")
                        .transport(http2)
                        .build()) {
            String text = client.chat().apply(ask().build()).block(SOON).text();
            provider.failNext(1, Fault.cutStream(2));
            List<String> answers = Flux.range(0, 50)
                    .flatMap(
                            i -> collect(client.chat(), ask().build())
                                    .map(ChatResponse::text)
                                    .onErrorResume(ApiException.class, e -> Mono.just(e.getMessage()))
                                    .take(Duration.ofMillis(i < 10 ? 10 : 20_000)),
                            50,
                            1)
                    .collectList()
                    .block(SOON);

            assertThat(answers).hasSizeBetween(39, 50);
            assertThat(answers.stream().filter(answer -> !answer.equals(text)))
                    .hasSizeLessThan(2)
                    .allMatch(message -> message.contains("partial answer"));
            assertThat(provider.connections().opened()).isLessThan(5);
        }
    }

    @Test
    void slowSubscriber_holdsUpTheServer() {
        AtomicInteger sent = new AtomicInteger();
        String event = "data: {\"choices\":[{\"delta\":{\"content\":\"" + "x".repeat(100_000) + "\"}}]}\n\n";
        DisposableServer server = HttpServer.create()
                .host("127.0.0.1")
                .handle((request, response) -> request.receive()
                        .then(response.header("content-type", "text/event-stream")
                                .send(
                                        Flux.range(0, 1_000)
                                                .doOnNext(i -> sent.incrementAndGet())
                                                .map(i -> Unpooled.copiedBuffer(
                                                        event, java.nio.charset.StandardCharsets.UTF_8)),
                                        piece -> true)
                                .then()))
                .bindNow();
        try (OpenAi slow =
                OpenAi.builder().baseUrl("http://127.0.0.1:" + server.port()).build()) {
            Mono<Long> still = Mono.fromSupplier(sent::get)
                    .repeatWhen(times -> times.delayElements(Duration.ofMillis(20)))
                    .distinctUntilChanged()
                    .switchMap(count -> Mono.delay(Duration.ofMillis(500)))
                    .next();
            StepVerifier.create(ChatStream.of(slow.chat()).apply(ask().build()), 0)
                    .thenRequest(1)
                    .expectNextCount(1)
                    .then(() -> still.block(SOON))
                    .thenCancel()
                    .verify(SOON);

            // buffers of both sockets take some megabytes of the hundred; then all stands still
            assertThat(sent.get()).isLessThan(400);
        } finally {
            server.disposeNow();
        }
    }

    @Test
    void embeddingsAndModels_work() {
        var answer = openAi.embeddings()
                .apply(EmbeddingRequest.of("text-embedding-3-small", "ducks on a pond", "a duck", "money"))
                .block(SOON);

        assertThat(answer.vectors())
                .hasSize(3)
                .allSatisfy(vector -> assertThat(vector).hasSize(1_536));
        assertThat(answer.usage().inputTokens()).isPositive();
        assertThat(answer.requestId()).startsWith("req_");
        assertThat(openAi.models().block(SOON)).isNotEmpty();
        assertThat(openAi.model("gpt-4o").block(SOON).id()).isEqualTo("gpt-4o");
    }

    private ApiException assertFails(ChatCall call, Fault fault, ErrorKind kind) {
        provider.failNext(1, fault);
        Throwable error = collect(call, ask().build())
                .then(Mono.<Throwable>just(new AssertionError("an answer in spite of " + fault)))
                .onErrorResume(Mono::just)
                .block(SOON);
        assertThat(error).as(fault.toString()).isInstanceOf(ApiException.class);
        ApiException failure = (ApiException) error;
        assertThat(failure.kind()).as(fault + ": " + failure.getMessage()).isEqualTo(kind);
        assertThat(failure.getMessage())
                .startsWith("openai gpt-4o: ")
                .doesNotContain(KEY)
                .doesNotContain("pond");
        return failure;
    }

    private int eventCount(ChatCall call) {
        int events = 0;
        while (true) {
            provider.failNext(1, Fault.endStream(events));
            try {
                collect(call, ask().build()).block(SOON);
                return events;
            } catch (ApiException e) {
                events++;
            }
        }
    }

    private static Mono<ChatResponse> collect(ChatCall call, ChatRequest request) {
        return ChatStream.of(call)
                .apply(request)
                .collect(ChatCollector::create, ChatCollector::add)
                .map(ChatCollector::answer);
    }

    private static ChatRequest.Builder ask() {
        return ChatRequest.builder("gpt-4o").user("Ducks and geese swim on the pond of Rome for 3 days.");
    }
}
