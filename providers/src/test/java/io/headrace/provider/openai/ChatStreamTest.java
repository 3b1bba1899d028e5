package io.headrace.provider.openai;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import io.headrace.layer.ChatStream;
import io.headrace.model.ChatCollector;
import io.headrace.model.ChatDelta;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.Choice;
import io.headrace.model.FinishReason;
import io.headrace.model.Part;
import io.headrace.model.Part.Reasoning;
import io.headrace.model.Part.Refusal;
import io.headrace.model.Part.Text;
import io.headrace.model.Part.ToolCall;
import io.headrace.model.TokenLogprob;
import io.headrace.provider.SharedFiles;
import io.headrace.provider.http.LoopbackServer;
import io.headrace.provider.http.LoopbackServer.Reply;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Streamed chat completions over a real socket. Recordings do not ship with the project: their tests are skipped without them. */
class ChatStreamTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    private static final Map<String, ChatResponse> RECORDED = Map.of(
            "openai-chat-stream-json-text.sse",
            answer(
                    "chatcmpl-ABfw1e5abtU8OwGr15vOreYVb2MiF",
                    Usage.of(79, 14),
                    "stop",
                    FinishReason.STOP,
                    List.of(),
                    new Text("{\"city\":\"San Francisco\",\"temperature\":61,\"units\":\"f\"}")),
            "openai-chat-stream-length.sse",
            answer(
                    "chatcmpl-ABfw3Oqj8RD0z6aJiiX37oTjV2HFh",
                    Usage.of(79, 1),
                    "length",
                    FinishReason.LENGTH,
                    List.of(),
                    new Text("{\"")),
            "openai-chat-stream-logprobs.sse",
            answer(
                    "chatcmpl-ABfw5EzoqmfXjnnsXY7Yd8OC6tb3c",
                    Usage.of(9, 2),
                    "stop",
                    FinishReason.STOP,
                    List.of(new TokenLogprob("Foo", -0.0025094282), new TokenLogprob("!", -0.26638845)),
                    new Text("Foo!")),
            "openai-chat-stream-refusal.sse",
            answer(
                    "chatcmpl-ABfw4IfQfCCrcuybFm41wJyxjbkz7",
                    Usage.of(79, 11),
                    "stop",
                    FinishReason.REFUSAL,
                    List.of(),
                    new Refusal("I'm sorry, I can't assist with that request.")),
            "openai-chat-stream-tool-call.sse",
            answer(
                    "chatcmpl-ABfw8AOXnoa2kzy11vVTSjuQhHCQr",
                    Usage.of(76, 24),
                    "tool_calls",
                    FinishReason.TOOL_CALLS,
                    List.of(),
                    new ToolCall(
                            "call_c91SqDXlYFuETYv8mUHzz6pp",
                            "GetWeatherArgs",
                            "{\"city\":\"Edinburgh\",\"country\":\"UK\",\"units\":\"c\"}")));

    private final StreamServer server = new StreamServer();
    private final OpenAi openAi =
            OpenAi.builder().apiKey("sk-test-0123456789").baseUrl(server.url()).build();

    @AfterEach
    void disconnect() {
        openAi.close();
        server.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"json-text", "length", "logprobs", "refusal", "tool-call"})
    void recordedStream_isReadWholeHoweverItIsCut(String name) throws IOException {
        String file = "openai-chat-stream-" + name + ".sse";
        String recorded = SharedFiles.read("data/wire/" + file);
        for (String text : List.of(recorded, recorded.replace("\n", "\r\n"))) {
            for (int size : new int[] {Integer.MAX_VALUE, 1, 7, 4096}) {
                server.answer(text, size);
                assertThat(collect()).as(file + " in pieces of " + size).isEqualTo(RECORDED.get(file));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"json-text", "length", "logprobs", "refusal", "tool-call"})
    void recordedStreamCutAtAnEventBorder_isAnError(String name) throws IOException {
        String recorded = SharedFiles.read("data/wire/openai-chat-stream-" + name + ".sse");
        for (boolean abrupt : new boolean[] {false, true}) {
            server.breakOff(abrupt);
            for (int border = 0;
                    border >= 0 && border < recorded.indexOf("data: [DONE]");
                    border = recorded.indexOf("\n\n", border + 2)) {
                server.answer(recorded.substring(0, border), 4096);
                ApiException error = fail();
                assertThat(error.kind())
                        .as(abrupt + " at " + border)
                        .isIn(ErrorKind.MALFORMED_RESPONSE, ErrorKind.TRANSPORT);
                assertThat(error.delivery()).isEqualTo(Delivery.UNKNOWN);
                assertThat(error).hasMessageStartingWith("openai m: ");
            }
        }
    }

    @Test
    void connectionThatBreaksBehindTheEndMarker_costsNothing() {
        server.breakOff(true);
        server.answer(chunk("{\"content\":\"Hi\"}", "\"stop\"") + "data: [DONE]\n\n", 4096);

        assertThat(collect().text()).isEqualTo("Hi");
    }

    @Test
    void serverThatDoesNotEndTheBody_isNotWaitedForLong() {
        server.holdOn();
        server.answer(chunk("{\"content\":\"Hi\"}", "\"stop\"") + "data: [DONE]\n\n", 4096);

        assertThat(deltas(openAi).collectList().block(Duration.ofSeconds(20))).hasSize(3);
    }

    @Test
    void whatFollowsTheEndMarker_isPassedOver() {
        server.answer(
                chunk("{\"content\":\"Hi\"}", "\"stop\"") + "data: [DONE]\n\n" + chunk("{\"content\":\"!\"}", "null")
                        + "data: x",
                7);

        assertThat(collect().text()).isEqualTo("Hi");
    }

    @Test
    void request_asksForAStreamWithItsUsage() {
        server.answer(chunk("{\"content\":\"Hi\"}", "\"stop\"") + "data: [DONE]\n\n", 4096);

        collect();

        assertThat(server.received())
                .isEqualTo("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],"
                        + "\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
    }

    @Test
    void withoutASubscriberForDeltas_noStreamIsAskedFor() {
        server.answer("{\"choices\":[]}", 4096);

        openAi.chat().apply(ask()).onErrorComplete().block(SOON);

        assertThat(server.received()).doesNotContain("stream");
    }

    @Test
    void choicesReasoningToolsAndStrangers_areReadAsInAWholeAnswer() {
        server.answer("""
                : OPENROUTER PROCESSING

                data: {"choices":[],"prompt_filter_results":[{"prompt_index":0}]}

                data: {"id":"c","model":"m-1","choices":[{"index":1,"delta":{"role":"assistant","reasoning_content":"Hm"}}],"obfuscation":"xxxx"}

                data: {"id":"c","model":"m-1","choices":[{"index":0,"delta":{"content":"A"},"finish_reason":null},{"index":1,"delta":{"reasoning":"m."}}]}

                event: from_the_future
                data: {"object":"other","new":[{"a":{}}]}

                data: {"choices":[{"index":1,"delta":{"content":"Yes","tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":"{\\"a\\""}}]}}]}

                data: {"choices":[{"index":1,"delta":{"tool_calls":[{"index":1,"id":"call_2","function":{"name":"g","arguments":""}},{"index":0,"function":{"arguments":":1}"}}]}}]}

                data: {"choices":[{"index":1,"delta":{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]},"finish_reason":"tool_calls"},{"index":0,"delta":{"content":"B"},"finish_reason":"eos"}]}

                data: {"choices":[],"service_tier":"flex","usage":{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":3},"completion_tokens_details":{"reasoning_tokens":2}}}

                data: [DONE]

                """, 11);

        assertThat(collect())
                .isEqualTo(new ChatResponse(
                        "c",
                        "m-1",
                        List.of(
                                new Choice(0, List.of(new Text("AB")), FinishReason.OTHER, "eos", List.of()),
                                new Choice(
                                        1,
                                        List.of(
                                                new Reasoning("Hmm."),
                                                new Text("Yes"),
                                                new ToolCall("call_1", "f", "{\"a\":1}"),
                                                new ToolCall("call_2", "g", "{}")),
                                        FinishReason.TOOL_CALLS,
                                        "tool_calls",
                                        List.of())),
                        new Usage(10, 4, 3, 0, 5, 2, 0),
                        "req_7",
                        "flex"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // one index for all, no index, no id, arguments as an object
                "{'index':0,'id':'a','function':{'name':'f','arguments':'1'}}|{'index':0,'id':'b','function':{'name':'f','arguments':'2'}}",
                "{'id':'a','function':{'name':'f','arguments':'1'}}|{'id':'b','function':{'name':'f','arguments':'2'}}",
                "{'id':'a','function':{'name':'f','arguments':''}}|{'function':{'arguments':'1'}}|{'id':'b','function':{'name':'f','arguments':2}}",
                "{'index':0,'id':'a','function':{'name':'f','arguments':''}}|{'index':0,'id':'a','function':{'name':'f','arguments':'1'}}|{'index':1,'id':'b','function':{'name':'f','arguments':'2'}}",
            })
    void toolCallsOfCompatibleServers_areToldApart(String fragments) {
        StringBuilder stream = new StringBuilder();
        for (String fragment : fragments.replace('\'', '"').split("\\|", -1)) {
            stream.append(chunk("{\"tool_calls\":[" + fragment + "]}", "null"));
        }
        server.answer(stream + chunk("{}", "\"tool_calls\"") + "data: [DONE]\n\n", 4096);

        ChatResponse answer = collect();

        assertThat(answer.toolCalls()).containsExactly(new ToolCall("a", "f", "1"), new ToolCall("b", "f", "2"));
        assertThat(answer.finishReason()).isEqualTo(FinishReason.TOOL_CALLS);
        assertThat(answer.usage()).isEqualTo(Usage.UNKNOWN);
    }

    @ParameterizedTest
    @CsvSource({
        "server_is_overloaded, OVERLOADED, true",
        "rate_limit_exceeded, RATE_LIMITED, true",
        "insufficient_quota, QUOTA_EXHAUSTED, false",
        "502, SERVER_ERROR, true",
        "whatever, SERVER_ERROR, true"
    })
    void errorEvent_isAnErrorOfItsKind(String code, ErrorKind kind, boolean isTransient) {
        String error =
                "event: error\ndata: {\"error\":{\"message\":\"Sorry about sk-test-0123456789\",\"type\":\"x\",\"code\":\""
                        + code + "\"}}\n\n";
        server.answer(error, 4096);
        ApiException first = fail();
        server.answer(chunk("{\"content\":\"Hi\"}", "null") + error, 4096);
        ApiException amid = fail();

        assertThat(first.kind()).isEqualTo(amid.kind()).isEqualTo(kind);
        assertThat(first.isTransient()).isEqualTo(isTransient);
        assertThat(amid.delivery()).isEqualTo(Delivery.UNKNOWN);
        assertThat(amid.requestId()).hasValue("req_7");
        server.answer(
                chunk("{\"content\":\"Hi\"}", "null") + "data: {\"object\":\"error\",\"message\":\"x\",\"code\":\""
                        + code + "\"}\n\ndata: [DONE]\n\n",
                4096);
        assertThat(fail().kind()).as("not wrapped").isEqualTo(kind);
        assertThat(amid)
                .hasMessageContaining("Sorry about [key]")
                .hasMessageContaining("in event 2 of the stream (partial answer)");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "data: {\"choices\":\n\n",
                "data: [1]\n\n",
                "data: plain\n\n",
                "data: {\"choices\":[{\"delta\":{\"content\":\"short",
                "data: {}\n\n",
                "data: [DONE]\n\n" // of a gateway whose model broke off
            })
    void streamThatIsNone_isMalformed(String stream) {
        server.answer(chunk("{\"content\":\"Hi\"}", "null") + stream, 4096);

        assertThat(fail().kind()).isEqualTo(ErrorKind.MALFORMED_RESPONSE);
    }

    @Test
    void choiceThatEndsWithAnError_isAnError() {
        server.answer(chunk("{\"content\":\"Hi\"}", "\"error\"") + "data: [DONE]\n\n", 4096);

        assertThat(fail().kind()).isEqualTo(ErrorKind.SERVER_ERROR);
    }

    @Test
    void emptyFinishReason_isNone() {
        server.answer(chunk("{\"content\":\"Hi\"}", "\"\"") + chunk("{}", "\"length\"") + "data: [DONE]\n\n", 4096);

        assertThat(collect().finishReason()).isEqualTo(FinishReason.LENGTH);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"delta\":{\"content\":\"lo\"},\"message\":{\"content\":\"Hello\"}",
                "\"message\":{\"content\":\"Hello\"},\"delta\":{\"content\":\"lo\"}"
            })
    void messageThatRepeatsTheAnswerBesideItsDelta_isNoPartOfIt(String last) {
        server.answer(
                chunk("{\"content\":\"Hel\"}", "null")
                        + "data: {\"choices\":[{\"index\":0,\"finish_reason\":null," + last + "}]}\n\n"
                        + "data: {\"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"delta\":{},"
                        + "\"message\":{\"content\":\"Hello\"}}]}\n\ndata: [DONE]\n\n",
                4096);

        assertThat(collect().text()).isEqualTo("Hello");
    }

    @ParameterizedTest
    @ValueSource(strings = {"data:\n\n", "event: ping\ndata: \n\n"})
    void eventWithoutContent_saysNothing(String event) {
        server.answer(
                event + chunk("{\"content\":\"Hel\"}", "null") + event + chunk("{\"content\":\"lo\"}", "\"stop\"")
                        + "data: [DONE]\n\n",
                4096);

        assertThat(collect().text()).isEqualTo("Hello");
    }

    @Test
    void secondFinishReason_changesNothing() {
        server.answer(chunk("{\"content\":\"Hi\"}", "\"length\"") + chunk("{}", "\"stop\"") + "data: [DONE]\n\n", 4096);

        ChatResponse answer = collect();

        assertThat(answer.finishReason()).isEqualTo(FinishReason.LENGTH);
        assertThat(answer.choice().providerReason()).isEqualTo("length");
    }

    @Test
    void usageThatLacksAPart_isUnknown() {
        for (String part : new String[] {"prompt_tokens", "completion_tokens"}) {
            server.answer(
                    chunk("{\"content\":\"Hi\"}", "\"stop\"") + "data: {\"choices\":[],\"usage\":{\"" + part
                            + "\":5}}\n\ndata: [DONE]\n\n",
                    4096);

            assertThat(collect().usage()).as(part).isEqualTo(Usage.UNKNOWN);
        }
    }

    @Test
    void emptyStream_isMalformed() {
        server.answer("", 4096);
        assertThat(fail()).hasMessageContaining("ended without its end marker, after 0 events");
        server.answer("data: [DONE]\n\n", 4096);
        assertThat(fail()).hasMessageContaining("no choices");
    }

    @Test
    void wholeAnswerInPlaceOfAStream_isTakenAsOne() {
        try (LoopbackServer whole = new LoopbackServer();
                OpenAi client = OpenAi.builder().baseUrl(whole.url() + "/v1").build()) {
            whole.next(new Reply(
                    200,
                    "{\"id\":\"a\",\"choices\":[{\"message\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}",
                    "content-type",
                    "application/json"));
            whole.next(new Reply(429, "{\"error\":{\"code\":\"rate_limit_exceeded\"}}", "retry-after", "3"));

            assertThat(collect(client).text()).isEqualTo("Hi");
            ApiException refused = fail(client);
            assertThat(refused.kind()).isEqualTo(ErrorKind.RATE_LIMITED);
            assertThat(refused.retryAfter()).hasValue(Duration.ofSeconds(3));
        }
    }

    private ChatResponse collect() {
        return collect(openAi);
    }

    private static ChatResponse collect(OpenAi client) {
        List<ChatDelta> deltas = deltas(client).collectList().block(SOON);
        ChatCollector collector = ChatCollector.create();
        deltas.forEach(collector::add);
        return collector.answer();
    }

    private ApiException fail() {
        return fail(openAi);
    }

    private static ApiException fail(OpenAi client) {
        return deltas(client)
                .then(Mono.<Throwable>just(new AssertionError("no error")))
                .onErrorResume(Mono::just)
                .cast(ApiException.class)
                .block(SOON);
    }

    private static Flux<ChatDelta> deltas(OpenAi client) {
        return ChatStream.of(client.chat()).apply(ask());
    }

    private static ChatRequest ask() {
        return ChatRequest.builder("m").user("Hi").build();
    }

    private static String chunk(String delta, String finish) {
        return "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":" + delta + ",\"finish_reason\":" + finish
                + "}]}\n\n";
    }

    private static ChatResponse answer(
            String id, Usage usage, String word, FinishReason reason, List<TokenLogprob> logprobs, Part... parts) {
        Choice choice = new Choice(0, List.of(parts), reason, word, logprobs);
        return new ChatResponse(id, "gpt-4o-2024-08-06", List.of(choice), usage, "req_7", "");
    }
}
