package io.headrace.provider.openai;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.Usage;
import io.headrace.layer.ChatStream;
import io.headrace.model.AnswerFormat;
import io.headrace.model.ChatCollector;
import io.headrace.model.ChatDelta;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.model.Choice;
import io.headrace.model.FinishReason;
import io.headrace.model.JsonSchema;
import io.headrace.model.Media;
import io.headrace.model.Part;
import io.headrace.model.Part.Reasoning;
import io.headrace.model.Part.Text;
import io.headrace.model.Part.ToolCall;
import io.headrace.model.ReasoningEffort;
import io.headrace.model.TokenLogprob;
import io.headrace.model.Tool;
import io.headrace.model.ToolChoice;
import io.headrace.provider.http.LoopbackServer;
import io.headrace.provider.http.LoopbackServer.Reply;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;

class ResponsesTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    private static final String OUTPUT = """
            [{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"First."},{"type":"summary_text","text":"Then."}],"encrypted_content":"gAAA"},
             {"type":"web_search_call","id":"ws_1","status":"completed"},
             {"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[
               {"type":"output_text","text":"Grüße 🌊","annotations":[],"logprobs":[{"token":"Gr","logprob":-0.5,"bytes":[71],"top_logprobs":[{"token":"G","logprob":-1,"bytes":[]}]}]},
               {"type":"hologram","text":"no"}]},
             {"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{\\"a\\":1}","status":"completed"}]""";

    private static final String RESPONSE = """
            {"id":"resp_1","object":"response","created_at":1741476777,"status":"completed","error":null,"incomplete_details":null,
             "model":"gpt-5-2025-08-07","output":%s,"service_tier":"default","parallel_tool_calls":true,
             "usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":3},"output_tokens":7,
              "output_tokens_details":{"reasoning_tokens":5},"total_tokens":16}}""".formatted(OUTPUT);

    private static final ChatResponse ANSWER = new ChatResponse(
            "resp_1",
            "gpt-5-2025-08-07",
            List.of(new Choice(
                    0,
                    List.of(
                            new Reasoning("rs_1", "First.\n\nThen.", "", "gAAA"),
                            new Text("Grüße 🌊"),
                            new ToolCall("call_1", "f", "{\"a\":1}")),
                    FinishReason.TOOL_CALLS,
                    "completed",
                    List.of(new TokenLogprob("Gr", -0.5, List.of(new TokenLogprob("G", -1)))))),
            new Usage(9, 4, 3, 0, 7, 5, 0),
            "req_7",
            "default");

    private static final String STREAM = """
            event: response.created
            data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1","status":"in_progress","error":null,"output":[]}}

            event: response.in_progress
            data: {"type":"response.in_progress","sequence_number":1,"response":{"id":"resp_1","status":"in_progress","output":[]}}

            event: response.output_item.added
            data: {"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[]}}

            event: response.reasoning_summary_part.added
            data: {"type":"response.reasoning_summary_part.added","item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}

            event: response.reasoning_summary_text.delta
            data: {"type":"response.reasoning_summary_text.delta","item_id":"rs_1","output_index":0,"summary_index":0,"delta":"Fir"}

            event: response.reasoning_summary_text.delta
            data: {"type":"response.reasoning_summary_text.delta","item_id":"rs_1","output_index":0,"summary_index":0,"delta":"st."}

            event: response.reasoning_summary_part.added
            data: {"type":"response.reasoning_summary_part.added","item_id":"rs_1","output_index":0,"summary_index":1,"part":{"type":"summary_text","text":""}}

            event: response.reasoning_summary_text.delta
            data: {"type":"response.reasoning_summary_text.delta","item_id":"rs_1","output_index":0,"summary_index":1,"delta":"Then."}

            event: response.output_item.done
            data: {"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"First."},{"type":"summary_text","text":"Then."}],"encrypted_content":"gAAA"}}

            event: response.output_item.added
            data: {"type":"response.output_item.added","output_index":1,"item":{"type":"web_search_call","id":"ws_1"}}

            event: response.output_item.added
            data: {"type":"response.output_item.added","output_index":2,"item":{"type":"message","id":"msg_1","content":[]}}

            event: response.content_part.added
            data: {"type":"response.content_part.added","item_id":"msg_1","output_index":2,"content_index":0,"part":{"type":"output_text","text":""}}

            event: response.output_text.delta
            data: {"type":"response.output_text.delta","item_id":"msg_1","output_index":2,"content_index":0,"delta":"Grüße","logprobs":[{"token":"Gr","logprob":-0.5,"top_logprobs":[{"token":"G","logprob":-1}]}],"obfuscation":"abc"}

            event: response.from_the_future
            data: {"type":"response.from_the_future","delta":"no"}

            event: response.output_text.delta
            data: {"type":"response.output_text.delta","item_id":"msg_1","output_index":2,"content_index":0,"delta":" 🌊","logprobs":[]}

            event: response.output_text.done
            data: {"type":"response.output_text.done","item_id":"msg_1","output_index":2,"content_index":0,"text":"Grüße 🌊"}

            event: response.output_item.added
            data: {"type":"response.output_item.added","output_index":3,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":""}}

            event: response.function_call_arguments.delta
            data: {"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":3,"delta":"{\\"a\\":"}

            event: response.function_call_arguments.delta
            data: {"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":3,"delta":"1}"}

            event: response.function_call_arguments.done
            data: {"type":"response.function_call_arguments.done","item_id":"fc_1","output_index":3,"arguments":"{\\"a\\":1}"}

            """;

    private final LoopbackServer server = new LoopbackServer();
    private final StreamServer streams = new StreamServer();
    private final OpenAi openAi = OpenAi.builder()
            .apiKey("sk-test-0123456789")
            .baseUrl(server.url() + "/v1")
            .build();
    private final OpenAi streaming = OpenAi.builder().baseUrl(streams.url()).build();

    @AfterEach
    void close() {
        openAi.close();
        streaming.close();
        server.close();
        streams.close();
    }

    @Test
    void wholeAnswer_isRead() {
        server.next(new Reply(200, RESPONSE, "x-request-id", "req_7"));

        assertThat(openAi.responses().apply(ask()).block(SOON)).isEqualTo(ANSWER);
        assertThat(server.received().get(0).path()).isEqualTo("/v1/responses");
        assertThat(server.received().get(0).body())
                .isEqualTo("{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":\"Hi\"}]}");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 4096})
    void stream_isTheSameAnswer(int pieceBytes) {
        String stream = STREAM + completed(RESPONSE);
        for (String text : List.of(stream, stream.replace("\n", "\r\n"))) {
            streams.answer(text, pieceBytes);
            assertThat(collect()).isEqualTo(ANSWER);
        }
        assertThat(streams.received()).endsWith(",\"stream\":true}");
    }

    @Test
    void streamCutAtAnEventBorder_isAnError() {
        for (int border = 0; border >= 0; border = STREAM.indexOf("\n\n", border + 2)) {
            streams.answer(STREAM.substring(0, border), 4096);
            assertThat(fail().kind()).isEqualTo(ErrorKind.MALFORMED_RESPONSE);
        }
    }

    @Test
    void streamWithoutDeltas_givesTheWholeAnswerAtItsEnd() {
        streams.answer(completed(RESPONSE), 4096);

        assertThat(collect()).isEqualTo(ANSWER);
    }

    @Test
    void piecesThatAreNotTheWholeText_areAnError() {
        streams.answer(STREAM.replace("\"delta\":\" 🌊\"", "\"delta\":\"\"") + completed(RESPONSE), 4096);

        assertThat(fail())
                .hasMessageContaining("the text in pieces has 5 characters and is not that of the whole response, 8");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{\"type\":\"error\",\"code\":\"server_is_overloaded\",\"message\":\"busy\",\"param\":null,\"sequence_number\":3}|OVERLOADED",
                "{\"type\":\"response.failed\",\"response\":{\"id\":\"r\",\"status\":\"failed\",\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"busy\"}}}|RATE_LIMITED",
                "{\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":{\"code\":\"invalid_prompt\",\"message\":\"busy\"}}}|INVALID_REQUEST",
                "{\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":{\"code\":\"context_length_exceeded\",\"message\":\"busy\"}}}|INVALID_REQUEST",
                "{\"error\":{\"code\":502,\"message\":\"busy\"}}|SERVER_ERROR",
            })
    void errorEvent_isAnErrorOfItsKind(String data, ErrorKind kind) {
        streams.answer(STREAM + "data: " + data + "\n\n", 4096);

        ApiException error = fail();

        assertThat(error.kind()).isEqualTo(kind);
        assertThat(error.delivery()).isEqualTo(Delivery.UNKNOWN);
        assertThat(error).hasMessageContaining("busy").hasMessageContaining("partial answer");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{\"id\":\"r\",\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"x\"},\"output\":[]}|SERVER_ERROR",
                "{\"id\":\"r\",\"status\":\"failed\",\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"x\"}}|RATE_LIMITED",
                "{\"id\":\"r\",\"status\":\"failed\",\"error\":null,\"output\":[]}|SERVER_ERROR",
                "{\"id\":\"r\",\"status\":\"queued\",\"output\":[]}|MALFORMED_RESPONSE",
                "{\"id\":\"r\",\"status\":\"in_progress\",\"output\":[]}|MALFORMED_RESPONSE",
                "{\"id\":\"r\",\"status\":\"cancelled\",\"output\":[]}|MALFORMED_RESPONSE",
                "{\"object\":\"error\",\"message\":\"x\",\"code\":404,\"output\":[]}|NOT_FOUND",
                "{\"id\":\"r\",\"status\":\"completed\"}|MALFORMED_RESPONSE",
                "[]|MALFORMED_RESPONSE",
            })
    void successThatIsNone_isAnError(String body, ErrorKind kind) {
        server.next(new Reply(200, body));

        assertThat(error(openAi.responses().apply(ask())).kind()).isEqualTo(kind);
    }

    /** All the codes of OpenAI's description. */
    @ParameterizedTest
    @CsvSource({
        "server_error, SERVER_ERROR",
        "rate_limit_exceeded, RATE_LIMITED",
        "vector_store_timeout, SERVER_ERROR",
        "invalid_prompt, INVALID_REQUEST",
        "data_residency_mismatch, INVALID_REQUEST",
        "bio_policy, REFUSED",
        "invalid_image, INVALID_REQUEST",
        "invalid_image_format, INVALID_REQUEST",
        "invalid_base64_image, INVALID_REQUEST",
        "invalid_image_url, INVALID_REQUEST",
        "image_too_large, INVALID_REQUEST",
        "image_too_small, INVALID_REQUEST",
        "image_parse_error, INVALID_REQUEST",
        "image_content_policy_violation, REFUSED",
        "invalid_image_mode, INVALID_REQUEST",
        "image_file_too_large, INVALID_REQUEST",
        "unsupported_image_media_type, INVALID_REQUEST",
        "empty_image_file, INVALID_REQUEST",
        "failed_to_download_image, INVALID_REQUEST",
        "image_file_not_found, INVALID_REQUEST",
    })
    void failedResponse_isAnErrorOfItsKind(String code, ErrorKind kind) {
        server.next(new Reply(
                200,
                "{\"id\":\"r\",\"status\":\"failed\",\"error\":{\"code\":\"" + code
                        + "\",\"message\":\"x\"},\"output\":[]}"));

        ApiException error = error(openAi.responses().apply(ask()));

        assertThat(error.kind()).isEqualTo(kind);
        assertThat(error.isTransient()).isEqualTo(kind.isTransient());
    }

    @Test
    void eventsWhoseFieldsStandInAnotherOrder_areTheSame() {
        StringBuilder unnamed = new StringBuilder();
        for (String line : (STREAM + completed(RESPONSE)).split("\n", -1)) {
            if (line.startsWith("data: {\"type\":")) {
                int end = line.indexOf("\",") + 1;
                String type = line.substring("data: {".length(), end);
                unnamed.append("data: {").append(line, end + 1, line.length() - 1);
                unnamed.append(',').append(type).append("}\n");
            } else if (!line.startsWith("event:")) {
                unnamed.append(line).append('\n');
            }
        }
        streams.answer(unnamed.toString(), 4096);

        assertThat(collect()).isEqualTo(ANSWER);
    }

    /** Both of the second item's paragraphs follow on the first item's without a gap between the items. */
    @Test
    void thoughtsOfSeveralItems_areTheSameInPieces() {
        String second =
                "{\"type\":\"reasoning\",\"id\":\"rs_2\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"Once more.\"},{\"type\":\"summary_text\",\"text\":\"Done.\"}]}";
        String item = "{\"type\":\"web_search_call\",\"id\":\"ws_1\"";
        String added = "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",";
        String events =
                added + "\"output_index\":7,\"item\":{\"type\":\"reasoning\",\"id\":\"rs_2\",\"summary\":[]}}\n\n"
                        + thought("part.added", 0, "")
                        + thought("text.delta", 0, "Once more.")
                        + thought("part.added", 1, "")
                        + thought("text.delta", 1, "Done.");
        String whole = RESPONSE.replace(item, second + "," + item);
        server.next(new Reply(200, whole, "x-request-id", "req_7"));
        streams.answer(
                STREAM.replace(added + "\"output_index\":1,", events + added + "\"output_index\":1,")
                        + completed(whole),
                4096);

        ChatResponse answer = openAi.responses().apply(ask()).block(SOON);

        assertThat(answer.choice().parts()).hasSize(4);
        assertThat(collect()).isEqualTo(answer);
    }

    private static String thought(String event, int part, String delta) {
        String type = "response.reasoning_summary_" + event;
        return "event: " + type + "\ndata: {\"type\":\"" + type
                + "\",\"item_id\":\"rs_2\",\"output_index\":7,\"summary_index\":" + part + ",\"delta\":\"" + delta
                + "\"}\n\n";
    }

    @Test
    void encryptedThoughtsWithoutASummary_areKept() {
        server.next(
                new Reply(
                        200,
                        "{\"status\":\"completed\",\"output\":[{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[],\"encrypted_content\":\"gAAA\"}]}"));

        assertThat(openAi.responses().apply(ask()).block(SOON).choice().parts())
                .containsExactly(new Reasoning("rs_1", "", "", "gAAA"));
    }

    @Test
    void cancelledResponse_isAnErrorAtOnce() {
        streams.answer(
                STREAM + "data: {\"type\":\"response.cancelled\",\"response\":{\"status\":\"cancelled\"}}\n\n"
                        + completed(RESPONSE),
                4096);

        assertThat(fail().kind()).isEqualTo(ErrorKind.SERVER_ERROR);
    }

    @Test
    void argumentsThatDidNotComeInPieces_areTakenFromTheWhole() {
        String stream = STREAM.lines()
                .filter(line -> !line.contains("function_call_arguments.delta"))
                .collect(Collectors.joining("\n", "", "\n"));
        assertThat(stream).isNotEqualTo(STREAM);
        streams.answer(stream + "\n" + completed(RESPONSE), 4096);

        assertThat(collect()).isEqualTo(ANSWER);
    }

    @Test
    void callThatDidNotComeInPieces_isTakenFromTheWhole() {
        streams.answer(
                STREAM.substring(0, STREAM.lastIndexOf("event: response.output_item.added")) + completed(RESPONSE),
                4096);

        assertThat(collect()).isEqualTo(ANSWER);
    }

    @Test
    void callThatTheWholeLeavesOut_isKeptWhereTheAnswerWasCut_andElseAnError() {
        String call = OUTPUT.substring(OUTPUT.lastIndexOf("{\"type\":\"function_call\""), OUTPUT.length() - 1);
        String without = RESPONSE.replace(call, "{\"type\":\"from_the_future\"}");
        streams.answer(STREAM + completed(without), 4096);
        assertThat(fail()).hasMessageContaining("1 calls in pieces and not in the whole response, which has 0");

        String cut = without.replace("\"status\":\"completed\",\"error\"", "\"status\":\"incomplete\",\"error\"")
                .replace("\"incomplete_details\":null", "\"incomplete_details\":{\"reason\":\"max_output_tokens\"}");
        streams.answer(STREAM + completed(cut), 4096);
        ChatResponse answer = collect();
        assertThat(answer.finishReason()).isEqualTo(FinishReason.LENGTH);
        assertThat(answer.toolCalls()).containsExactly(new ToolCall("call_1", "f", "{\"a\":1}"));
    }

    @Test
    void argumentsThatAreNotThoseOfTheWhole_areAnError() {
        streams.answer(STREAM + completed(RESPONSE.replace("{\\\"a\\\":1}", "{\\\"a\\\":2}")), 4096);

        assertThat(fail())
                .hasMessageContaining("the arguments of call 0 in pieces are not those of the whole response");
    }

    @ParameterizedTest
    @CsvSource({
        "completed, '', output_text, STOP, completed",
        "incomplete, max_output_tokens, output_text, LENGTH, max_output_tokens",
        "incomplete, content_filter, output_text, CONTENT_FILTER, content_filter",
        "incomplete, from_the_future, output_text, OTHER, from_the_future",
        "completed, '', text, STOP, completed",
        "completed, '', refusal, REFUSAL, completed"
    })
    void status_tellsWhyTheModelStopped(String status, String reason, String part, FinishReason expected, String word) {
        String details = reason.isEmpty() ? "null" : "{\"reason\":\"" + reason + "\"}";
        String text = part.equals("refusal") ? "refusal" : "text";
        String response = "{\"id\":\"r\",\"status\":\"" + status + "\",\"incomplete_details\":" + details
                + ",\"output\":[{\"type\":\"message\",\"content\":[{\"type\":\"" + part + "\",\"" + text
                + "\":\"No.\"}]}]}";
        server.next(new Reply(200, response));

        ChatResponse answer = openAi.responses().apply(ask()).block(SOON);

        assertThat(answer.finishReason()).isEqualTo(expected);
        assertThat(answer.choice().providerReason()).isEqualTo(word);
        assertThat(part.equals("refusal") ? answer.refusal() : answer.text()).isEqualTo("No.");
        assertThat(answer.usage()).isEqualTo(Usage.UNKNOWN);

        streams.answer(completed(response), 4096);
        assertThat(collect().withRequestId("")).isEqualTo(answer);
    }

    @Test
    void request_holdsAllThatItSays() {
        server.next(new Reply(200, RESPONSE));
        JsonSchema schema = JsonSchema.of("{\"type\":\"object\"}");
        ChatRequest request = ChatRequest.builder("m")
                .system("Be brief.")
                .user(
                        new Text("See"),
                        new Part.Image(Media.of("image/png", new byte[] {1})),
                        new Part.Image(Media.url("https://a.example/b.png"), "low"),
                        new Part.Document(Media.of("application/pdf", new byte[] {2}), "a.pdf"),
                        new Part.Document(Media.url("https://a.example/b.pdf")))
                .answer(ANSWER)
                .toolResults(new Part.ToolResult("call_1", "sun"))
                .temperature(0.5)
                .topP(0.9)
                .maxOutputTokens(100)
                .topLogprobs(2)
                .reasoningEffort(ReasoningEffort.HIGH)
                .answerFormat(AnswerFormat.of("s", schema))
                .tools(Tool.of("f", "Does.", schema))
                .toolChoice(ToolChoice.of("f"))
                .parallelToolCalls(false)
                .extra("store", false)
                .build();

        openAi.responses().apply(request).block(SOON);

        assertThat(server.received().get(0).body()).isEqualTo("""
                        {"model":"m","input":[{"role":"system","content":"Be brief."},\
                        {"role":"user","content":[{"type":"input_text","text":"See"},\
                        {"type":"input_image","image_url":"data:image/png;base64,AQ==","detail":"auto"},\
                        {"type":"input_image","image_url":"https://a.example/b.png","detail":"low"},\
                        {"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,Ag=="},\
                        {"type":"input_file","file_url":"https://a.example/b.pdf"}]},\
                        {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"First.\\n\\nThen."}],"encrypted_content":"gAAA"},\
                        {"role":"assistant","content":"Grüße 🌊"},\
                        {"type":"function_call","call_id":"call_1","name":"f","arguments":"{\\"a\\":1}"},\
                        {"type":"function_call_output","call_id":"call_1","output":"sun"}],\
                        "temperature":0.5,"top_p":0.9,"max_output_tokens":100,"top_logprobs":2,"include":["message.output_text.logprobs"],\
                        "reasoning":{"effort":"high"},\
                        "text":{"format":{"type":"json_schema","name":"s","schema":{"type":"object"},"strict":true}},\
                        "tools":[{"type":"function","name":"f","description":"Does.","parameters":{"type":"object"},"strict":null}],\
                        "tool_choice":{"type":"function","name":"f"},"parallel_tool_calls":false,"store":false}""");
    }

    @Test
    void whatResponsesHasNoPlaceFor_isRefusedBeforeSending() {
        for (ChatRequest request : List.of(
                ask().toBuilder().topK(5).build(),
                ask().toBuilder().stop("x").build(),
                ask().toBuilder().seed(1).build(),
                ask().toBuilder().n(2).build(),
                ask().toBuilder().presencePenalty(1).build(),
                ask().toBuilder().frequencyPenalty(1).build(),
                ask().toBuilder().extra("background", true).build(),
                ask().toBuilder().extra("stream", true).build())) {
            ApiException error = error(openAi.responses().apply(request));
            assertThat(error.kind()).isEqualTo(ErrorKind.INVALID_REQUEST);
            assertThat(error.delivery()).isEqualTo(Delivery.NOT_SENT);
        }
        assertThat(server.received()).isEmpty();
    }

    private static String completed(String response) {
        String type = response.contains("\"incomplete\"") ? "response.incomplete" : "response.completed";
        return "event: " + type + "\ndata: {\"type\":\"" + type + "\",\"sequence_number\":99,\"response\":"
                + response.replace("\n", "") + "}\n\n";
    }

    private ChatResponse collect() {
        List<ChatDelta> deltas =
                ChatStream.of(streaming.responses()).apply(ask()).collectList().block(SOON);
        ChatCollector collector = ChatCollector.create();
        deltas.forEach(collector::add);
        return collector.answer();
    }

    private ApiException fail() {
        return error(ChatStream.of(streaming.responses()).apply(ask()).then());
    }

    private static ApiException error(Mono<?> call) {
        return call.then(Mono.<Throwable>just(new AssertionError("no error")))
                .onErrorResume(Mono::just)
                .cast(ApiException.class)
                .block(SOON);
    }

    private static ChatRequest ask() {
        return ChatRequest.builder("m").user("Hi").build();
    }
}
