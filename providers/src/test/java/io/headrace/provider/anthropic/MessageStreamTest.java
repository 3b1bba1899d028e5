package io.headrace.provider.anthropic;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import io.headrace.model.ChatCollector;
import io.headrace.model.ChatDelta;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.Choice;
import io.headrace.model.DeltaSink;
import io.headrace.model.FinishReason;
import io.headrace.model.Part;
import io.headrace.model.Part.Reasoning;
import io.headrace.model.Part.Refusal;
import io.headrace.model.Part.Text;
import io.headrace.model.Part.ToolCall;
import io.headrace.provider.SharedFiles;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.Connection;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;

/** Streams over a real socket. Recordings do not ship with the project: their tests are skipped without them. */
class MessageStreamTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    private static final Map<String, ChatResponse> RECORDED = Map.of(
            "anthropic-stream-text.sse",
            answer(
                    "msg_4QpJur2dWWDjF6C758FbBw5vm12BaVipnK",
                    "claude-3-opus-latest",
                    "end_turn",
                    FinishReason.STOP,
                    Usage.of(11, 6),
                    "",
                    new Text("Hello there!")),
            "anthropic-stream-tool-use.sse",
            answer(
                    "msg_019Q1hrJbZG26Fb9BQhrkHEr",
                    "claude-sonnet-4-20250514",
                    "tool_use",
                    FinishReason.TOOL_CALLS,
                    Usage.of(377, 65),
                    "standard",
                    new Text("I'll check the current weather in Paris for you."),
                    new ToolCall("toolu_01NRLabsLyVHZPKxbKvkfSMn", "get_weather", "{\"location\": \"Paris\"}")),
            "anthropic-stream-refusal.sse",
            answer(
                    "msg_01RefusalTestMessage123456789",
                    "claude-opus-4-7",
                    "refusal",
                    FinishReason.REFUSAL,
                    Usage.of(20, 0),
                    "",
                    new Refusal("This request was refused due to policy.")));

    /** Everything that a message can hold, what is yet to come, a ping in a tool call, and data with blanks behind. */
    private static final String RICH = """
            : hello
            event: message_start
            data: {"message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"m","stop_reason":null,"usage":{"input_tokens":5,"cache_read_input_tokens":100,"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":1,"service_tier":"priority"},"new":{"a":[1]}},"type":"message_start"}

            event: content_block_start
            data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Let me "}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"see."}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQ"}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":0}

            event: content_block_start
            data: {"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"hidden"}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":1}

            event: content_block_start
            data: {"type":"content_block_start","index":2,"content_block":{"type":"text","text":"One "}}

            event: news
            data: {"type":"news","index":2,"delta":{"type":"text_delta","text":"no"}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":2,"delta":{"type":"citations_delta","citation":{"text":"no"}}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"\\u00e9t\\u00e9 \\ud83d\\ude00"}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":2}

            event: content_block_start
            data: {"type":"content_block_start","index":3,"content_block":{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{\\"query\\":1}"}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":3}

            event: content_block_start
            data: {"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"toolu_1","name":"now","input":{}}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":""}}

            event: ping
            data: {"type": "ping"}

            event: content_block_stop
            data: {"type":"content_block_stop","index":4}

            event: content_block_start
            data: {"type":"content_block_start","index":5,"content_block":{"type":"tool_use","id":"toolu_2","name":"then","input":{}}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":5,"delta":{"type":"input_json_delta","partial_json":"{\\"a\\":"}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":5,"delta":{"type":"input_json_delta","partial_json":"1}"}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":5}

            event: message_delta
            data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":null,"output_tokens":15,"output_tokens_details":{"thinking_tokens":4}}}   \s

            event: message_stop
            data: {"type":"message_stop"   }

            """;

    private static final ChatResponse RICH_ANSWER = answer(
            "msg_1",
            "m",
            "tool_use",
            FinishReason.TOOL_CALLS,
            new Usage(135, 100, 30, 20, 15, 4, 0),
            "priority",
            new Reasoning("", "Let me see.", "EqQ", ""),
            new Reasoning("", "", "", "hidden"),
            new Text("One été 😀"),
            new ToolCall("toolu_1", "now", "{}"),
            new ToolCall("toolu_2", "then", "{\"a\":1}"));

    private volatile List<byte[]> pieces = List.of();
    private volatile boolean breaksOff;

    private final DisposableServer server = HttpServer.create()
            .host("127.0.0.1")
            .port(0)
            .handle((request, response) -> request.receive()
                    .then(response.header("content-type", "text/event-stream; charset=utf-8")
                            .header("request-id", "req_7")
                            .send(Flux.fromIterable(pieces).map(Unpooled::wrappedBuffer), piece -> true)
                            .then()
                            .then(
                                    breaksOff
                                            ? Mono.fromRunnable(() -> request.withConnection(Connection::dispose))
                                            : Mono.empty())))
            .bindNow();
    private final Anthropic anthropic = Anthropic.builder()
            .apiKey("sk-ant-test-0123456789")
            .baseUrl("http://127.0.0.1:" + server.port())
            .build();

    @AfterEach
    void disconnect() {
        anthropic.close();
        server.disposeNow();
    }

    @Test
    void richStream_isReadWholeHoweverItIsCutAndLinesEnd() {
        for (String text : List.of(RICH, RICH.replace("\n", "\r\n"), RICH.replace("\n", "\r"))) {
            for (int size : new int[] {Integer.MAX_VALUE, 1, 7, 4096}) {
                pieces = split(text, size);
                assertThat(collect()).as("pieces of " + size).isEqualTo(RICH_ANSWER);
            }
        }
    }

    @Test
    void deltas_comeOneByOne_andMakeTheSameAnswer() {
        pieces = split(RICH, 50);
        Deltas deltas = new Deltas();

        ChatResponse answer = collect(deltas).block(SOON);

        ChatCollector again = ChatCollector.create();
        deltas.taken.forEach(again::add);
        assertThat(again.answer()).isEqualTo(answer).isEqualTo(RICH_ANSWER);
        assertThat(deltas.taken).hasSizeGreaterThan(10).last().isInstanceOf(ChatDelta.End.class);
    }

    @Test
    void streamCutAtAnyByte_isAnErrorOrWhole() {
        byte[] bytes = RICH.getBytes(StandardCharsets.UTF_8);
        int end = RICH.substring(0, RICH.indexOf("{\"type\":\"message_stop\"")).getBytes(StandardCharsets.UTF_8).length
                + "{\"type\":\"message_stop\"   }".length();
        for (int length = 0; length < bytes.length; length += length > end - 60 ? 1 : 37) {
            pieces = List.of(Arrays.copyOf(bytes, length));
            assertErrorOrAnswer(RICH_ANSWER, length >= end);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"anthropic-stream-text.sse", "anthropic-stream-tool-use.sse", "anthropic-stream-refusal.sse"})
    void recordedStream_isReadWholeHoweverItIsCut(String file) throws IOException {
        String recorded = SharedFiles.read("data/wire/" + file);
        for (String text : List.of(recorded, recorded.replace("\n", "\r\n"))) {
            for (int size : new int[] {Integer.MAX_VALUE, 1, 7, 4096}) {
                pieces = split(text, size);
                assertThat(collect()).as(file + " in pieces of " + size).isEqualTo(RECORDED.get(file));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"anthropic-stream-text.sse", "anthropic-stream-tool-use.sse", "anthropic-stream-refusal.sse"})
    void recordedStreamCutAtAnEventBorder_isAnError(String file) throws IOException {
        String recorded = SharedFiles.read("data/wire/" + file);
        for (boolean abrupt : new boolean[] {false, true}) {
            breaksOff = abrupt;
            for (int border = 0; border >= 0; border = recorded.indexOf("\n\n", border + 2)) {
                pieces = split(recorded.substring(0, border), 4096);
                ApiException error = fail();
                assertThat(error.kind())
                        .as(abrupt + " at " + border)
                        .isIn(ErrorKind.MALFORMED_RESPONSE, ErrorKind.TRANSPORT);
                assertThat(error.delivery()).isEqualTo(Delivery.UNKNOWN);
                assertThat(error.isTransient()).isTrue();
            }
        }
    }

    @Test
    void errorEvent_isAnErrorOfItsKind() {
        String error = """
                event: error
                data: {"type":"error","error":{"details":null,"type":"overloaded_error","message":"Overloaded"},"request_id":"req_8"}

                """;
        pieces = split(RICH.substring(0, RICH.indexOf("event: news")) + error, 4096);
        ApiException amid = fail();
        pieces = split(error, 4096);
        ApiException first = fail();

        assertThat(amid.kind()).isEqualTo(ErrorKind.OVERLOADED);
        assertThat(amid.delivery()).isEqualTo(Delivery.UNKNOWN);
        assertThat(amid).hasMessageContaining("overloaded_error: Overloaded");
        assertThat(amid.requestId()).hasValue("req_7");
        assertThat(first.kind()).isEqualTo(ErrorKind.OVERLOADED);
        assertThat(first.delivery()).isEqualTo(Delivery.REFUSED);
    }

    @Test
    void eventsOutOfOrder_areAnError() {
        String start = RICH.substring(0, RICH.indexOf("event: content_block_start"));
        for (String wrong : List.of(
                "data: {\"type\":\"message_stop\"}\n\n",
                "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"a\"}}\n\n",
                start
                        + "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}}\n\n",
                start + "data: {\"type\":\"content_block_start\",\"index\":0}\n\n",
                start + start,
                start + "data: [1]\n\n",
                start + "data: {\"type\":\n\n",
                start + "data: {\"type\":\"message_stop\"\n\n")) {
            pieces = split(wrong, 4096);
            assertThat(fail().kind()).as(wrong).isEqualTo(ErrorKind.MALFORMED_RESPONSE);
        }
    }

    /** A gateway sends the end marker even when the model behind it broke off. */
    @Test
    void endWithoutAStopReason_isAnError() {
        String end = RICH.substring(RICH.indexOf("event: message_stop"));
        for (String stream : List.of(
                RICH.substring(0, RICH.indexOf("event: message_delta")) + end,
                RICH.replace("\"stop_reason\":\"tool_use\"", "\"stop_reason\":null"))) {
            pieces = split(stream, 4096);
            ApiException error = fail();
            assertThat(error.kind()).isEqualTo(ErrorKind.MALFORMED_RESPONSE);
            assertThat(error).hasMessageContaining("no stop_reason");
        }
    }

    /** The number at the start is that of the first piece. */
    @Test
    void outputTokensThatAreToldAtTheStartOnly_areUnknown() {
        String usage = RICH.substring(RICH.indexOf(",\"usage\":{\"input_tokens\":null"), RICH.indexOf("}}}   ") + 2);
        pieces = split(RICH.replace(usage, ""), 4096);

        assertThat(collect().usage()).isEqualTo(Usage.UNKNOWN);
    }

    @Test
    void blocksWhoseStopIsMissing_endWithTheMessage() {
        String stop = "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":%d}\n\n";
        String stream = RICH;
        for (int block = 0; block < 6; block++) {
            assertThat(stream).contains(stop.formatted(block));
            stream = stream.replace(stop.formatted(block), "");
        }
        pieces = split(stream, 4096);

        assertThat(collect().toolCalls())
                .containsExactly(new ToolCall("toolu_1", "now", "{}"), new ToolCall("toolu_2", "then", "{\"a\":1}"));
    }

    @Test
    void damagedStream_isAnAnswerOrAnApiException() {
        byte[] good = RICH.getBytes(StandardCharsets.UTF_8);
        Random random = new Random(42);
        for (int i = 0; i < 200; i++) {
            byte[] damaged = good.clone();
            for (int hits = 1 + random.nextInt(3); hits > 0; hits--) {
                damaged[random.nextInt(damaged.length)] = (byte) "{}[]\",:0atn\n".charAt(random.nextInt(12));
            }
            pieces = List.of(damaged);
            collect(new Deltas())
                    .cast(Object.class)
                    .onErrorResume(Mono::just)
                    .doOnNext(end -> assertThat(end).isInstanceOfAny(ChatResponse.class, ApiException.class))
                    .block(SOON);
        }
    }

    @Test
    void cancelAmidAStream_closesTheConnection() {
        String begin = RICH.substring(0, RICH.indexOf("event: news"));
        pieces = split(begin, 4096);
        DisposableServer endless = HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .handle((request, response) -> request.receive()
                        .then(response.header("content-type", "text/event-stream")
                                .send(
                                        Flux.fromIterable(pieces)
                                                .concatWith(Flux.never())
                                                .map(Unpooled::wrappedBuffer),
                                        piece -> true)
                                .then()))
                .doOnConnection(connection -> gone = connection.onDispose())
                .bindNow();
        try (Anthropic slow = Anthropic.builder()
                .baseUrl("http://127.0.0.1:" + endless.port())
                .build()) {
            Deltas deltas = new Deltas();
            Mono<ChatResponse> call =
                    slow.chat().apply(ask()).contextWrite(deltas::into).takeUntilOther(deltas.first());

            assertThat(call.blockOptional(SOON)).isEmpty();
            gone.block(SOON);
        } finally {
            endless.disposeNow();
        }
    }

    private volatile Mono<Void> gone = Mono.never();

    private void assertErrorOrAnswer(ChatResponse answer, boolean isWhole) {
        if (isWhole) {
            assertThat(collect()).isEqualTo(answer);
        } else {
            assertThat(fail().kind()).isEqualTo(ErrorKind.MALFORMED_RESPONSE);
        }
    }

    private ChatResponse collect() {
        return collect(new Deltas()).block(SOON);
    }

    private Mono<ChatResponse> collect(Deltas deltas) {
        return anthropic.chat().apply(ask()).contextWrite(deltas::into);
    }

    private ApiException fail() {
        return collect(new Deltas())
                .map(answer -> new AssertionError("an answer: " + answer))
                .cast(Throwable.class)
                .onErrorResume(Mono::just)
                .map(ApiException.class::cast)
                .block(SOON);
    }

    private static ChatRequest ask() {
        return ChatRequest.builder("m").user("Hi").maxOutputTokens(10).build();
    }

    private static ChatResponse answer(
            String id, String model, String word, FinishReason reason, Usage usage, String tier, Part... parts) {
        Choice choice = new Choice(0, List.of(parts), reason, word, List.of());
        return new ChatResponse(id, model, List.of(choice), usage, "req_7", tier);
    }

    private static List<byte[]> split(String text, int size) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        List<byte[]> pieces = new ArrayList<>();
        for (int at = 0; at < bytes.length; at += Math.min(size, bytes.length - at)) {
            pieces.add(Arrays.copyOfRange(bytes, at, at + Math.min(size, bytes.length - at)));
        }
        return pieces;
    }

    /** Takes every delta at once. */
    private static final class Deltas implements DeltaSink {

        private final List<ChatDelta> taken = new ArrayList<>();
        private final Sinks.Empty<Void> first = Sinks.empty();

        @Override
        public Mono<Void> emit(ChatDelta delta) {
            return Mono.fromRunnable(() -> {
                taken.add(delta);
                first.tryEmitEmpty();
            });
        }

        @Override
        public boolean delivered() {
            return !taken.isEmpty();
        }

        Mono<Boolean> first() {
            return first.asMono().thenReturn(true);
        }
    }
}
