package io.headrace.provider;

import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.ErrorKind;
import io.headrace.layer.ChatStream;
import io.headrace.model.ChatCall;
import io.headrace.model.ChatCodec;
import io.headrace.model.ChatCollector;
import io.headrace.model.ChatRequest;
import io.headrace.model.ChatResponse;
import io.headrace.provider.anthropic.Anthropic;
import io.headrace.provider.openai.OpenAi;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;

/** What becomes of answers that are wrong in any one place: an answer that can be stored and read, or one error that says what is wrong. */
class MutatedAnswersTest {

    private static final Duration SOON = Duration.ofSeconds(20);
    /** Every how many mutations are tried: all of them, with {@code -Dheadrace.mutations.step=1}, take minutes. */
    private static final int STEP = Integer.getInteger("headrace.mutations.step", 41);

    private static final Set<ErrorKind> KINDS = EnumSet.of(
            ErrorKind.MALFORMED_RESPONSE, ErrorKind.SERVER_ERROR, ErrorKind.OVERLOADED, ErrorKind.RATE_LIMITED);

    private static final String COMPLETION = """
            {"id":"c1","object":"chat.completion","created":1,"model":"m-1","service_tier":"default","error":null,"choices":[
            {"index":0,"message":{"role":"assistant","content":"Hi","refusal":null,"reasoning_content":"Hm","tool_calls":[
            {"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":"{\\"a\\":1}"}}]},
            "logprobs":{"content":[{"token":"Hi","logprob":-0.5,"bytes":[72],"top_logprobs":[{"token":"H","logprob":-1}]}]},
            "finish_reason":"tool_calls"},
            {"index":1,"message":{"content":[{"type":"text","text":"Ho"}],"function_call":{"name":"g","arguments":"{}"}},"finish_reason":"stop"}],
            "usage":{"prompt_tokens":9,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":4},
            "completion_tokens_details":{"reasoning_tokens":5}}}""";

    private static final String CHUNKS = """
            data: {"id":"c1","model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"},"finish_reason":null}]}

            data: {"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":"{"}}]}},{"index":1,"message":{"content":"Ho"}}]}

            data: {"id":"c1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]},"logprobs":{"content":[{"token":"H","logprob":-1}]}}]}

            data: {"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"},{"index":1,"delta":{},"finish_reason":"stop"}]}

            data: {"id":"c1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":4}}}

            data: [DONE]

            """;

    private static final String RESPONSE = """
            {"id":"resp_1","object":"response","status":"completed","error":null,"incomplete_details":null,"model":"m-1","output":[\
            {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"First."}],"encrypted_content":"gAAA"},\
            {"type":"message","id":"msg_1","content":[{"type":"output_text","text":"Hi","logprobs":[{"token":"Hi","logprob":-0.5}]}]},\
            {"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{}"}],"service_tier":"default",\
            "usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":4},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":5}}}""";

    private static final String RESPONSE_EVENTS = """
            event: response.created
            data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1","status":"in_progress","error":null,"output":[]}}

            event: response.output_item.added
            data: {"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[]}}

            event: response.reasoning_summary_text.delta
            data: {"type":"response.reasoning_summary_text.delta","item_id":"rs_1","output_index":0,"summary_index":0,"delta":"First."}

            event: response.output_item.done
            data: {"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"First."}],"encrypted_content":"gAAA"}}

            event: response.output_text.delta
            data: {"type":"response.output_text.delta","item_id":"msg_1","output_index":1,"content_index":0,"delta":"Hi","logprobs":[{"token":"Hi","logprob":-0.5}]}

            event: response.output_item.added
            data: {"type":"response.output_item.added","output_index":2,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":""}}

            event: response.function_call_arguments.delta
            data: {"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":2,"delta":"{}"}

            event: response.completed
            data: {"type":"response.completed","response":%s}

            """.formatted(RESPONSE);

    private static final String MESSAGE = """
            {"id":"msg_1","type":"message","role":"assistant","model":"m-1","content":[
            {"type":"thinking","thinking":"Hm","signature":"EqQ"},{"type":"redacted_thinking","data":"hidden"},{"type":"text","text":"Hi"},
            {"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1}}],"stop_reason":"tool_use","stop_sequence":null,
            "stop_details":{"explanation":"no"},
            "usage":{"input_tokens":5,"cache_read_input_tokens":100,"cache_creation_input_tokens":30,
            "cache_creation":{"ephemeral_1h_input_tokens":20},"output_tokens":7,"output_tokens_details":{"thinking_tokens":2},"service_tier":"standard"}}""";

    private static final String MESSAGE_EVENTS = """
            event: message_start
            data: {"type":"message_start","message":{"id":"msg_1","type":"message","content":[],"model":"m","stop_reason":null,"usage":{"input_tokens":5,"output_tokens":1}}}

            event: content_block_start
            data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm"}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQ"}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":0}

            event: content_block_start
            data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":"Hi"}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":1}

            event: content_block_start
            data: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{}}}

            event: content_block_delta
            data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{}"}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":2}

            event: message_delta
            data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":7}}

            event: message_stop
            data: {"type":"message_stop"}

            """;

    private static final Pattern PROMPT = Pattern.compile("@([A-Za-z0-9+/=]*)@");

    /** Answers each request with what is written in its prompt. */
    private final DisposableServer server = HttpServer.create()
            .host("127.0.0.1")
            .port(0)
            .handle((request, response) -> request.receive()
                    .aggregate()
                    .asString()
                    .flatMap(body -> {
                        Matcher prompt = PROMPT.matcher(body);
                        String answer = prompt.find()
                                ? new String(Base64.getDecoder().decode(prompt.group(1)), StandardCharsets.UTF_8)
                                : "";
                        return response.header(
                                        "content-type",
                                        body.contains("\"stream\":true") ? "text/event-stream" : "application/json")
                                .sendString(Mono.just(answer))
                                .then();
                    }))
            .bindNow();

    private final OpenAi openAi = OpenAi.builder()
            .apiKey("sk-test-0123456789")
            .baseUrl("http://127.0.0.1:" + server.port() + "/v1")
            .build();
    private final Anthropic anthropic = Anthropic.builder()
            .apiKey("sk-ant-0123456789")
            .baseUrl("http://127.0.0.1:" + server.port())
            .build();

    @AfterEach
    void disconnect() {
        openAi.close();
        anthropic.close();
        server.disposeNow();
    }

    /** What is wrong with what becomes of {@code answer}; empty for nothing. */
    private static Mono<String> verdict(ChatCall call, String answer, boolean streamed) {
        return answer(call, answer, streamed)
                .map(MutatedAnswersTest::wrongIn)
                .defaultIfEmpty("no answer and no error")
                .timeout(SOON)
                .onErrorResume(error -> Mono.just(wrongIn(error)))
                .map(wrong -> wrong.isEmpty()
                        ? wrong
                        : wrong + " for " + answer.substring(0, Math.min(answer.length(), 6_000)));
    }

    private static Mono<ChatResponse> answer(ChatCall call, String answer, boolean streamed) {
        ChatRequest request = ChatRequest.builder("m")
                .user("@" + Base64.getEncoder().encodeToString(answer.getBytes(StandardCharsets.UTF_8)) + "@")
                .maxOutputTokens(16)
                .build();
        return streamed ? ChatCollector.collect(ChatStream.of(call).apply(request)) : call.apply(request);
    }

    private static String wrongIn(ChatResponse answer) {
        try {
            ChatResponse read = ChatCodec.instance().decode(ChatCodec.instance().encode(answer));
            return read.equals(answer) ? "" : "stored as another answer";
        } catch (RuntimeException e) {
            return "cannot be stored: " + e;
        }
    }

    private static String wrongIn(Throwable error) {
        if (!(error instanceof ApiException api)) {
            return "not an ApiException: " + error;
        }
        String message = String.valueOf(api.getMessage());
        return KINDS.contains(api.kind())
                        && message.matches("(?s)(openai|anthropic) m: .{5,}")
                        && message.length() < 2_000
                        && !message.contains("not sent")
                        && !message.contains("null,")
                        && !message.contains("Exception")
                ? ""
                : "a strange error: " + api.kind() + " " + message;
    }

    /** One in {@code step} of {@code answers}: all of them take a minute. */
    private void assertAllRight(ChatCall call, List<String> answers, int step, boolean streamed) {
        assertThat(answers).hasSizeGreaterThan(100);
        List<String> wrong = new ArrayList<>();
        Flux.fromIterable(answers)
                .filter(answer -> answer.hashCode() % step == 0)
                .flatMap(answer -> verdict(call, answer, streamed), 16)
                .filter(verdict -> !verdict.isEmpty())
                .doOnNext(wrong::add)
                .blockLast(Duration.ofMinutes(3));
        assertThat(wrong).as(wrong.size() + " of " + answers.size()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"completions", "responses", "messages"})
    void wholeAnswerWithSomethingWrong_isAnAnswerOrOneError(String api) {
        String good = api.equals("completions") ? COMPLETION : api.equals("responses") ? RESPONSE : MESSAGE;
        ChatCall call = call(api);
        assertThat(answer(call, good, false).block(SOON)).isNotNull();
        List<String> answers = MutatedAnswers.of(good);
        answers.addAll(MutatedAnswers.of(good, 500, new Random(7)));
        assertAllRight(call, answers, STEP, false);
    }

    @ParameterizedTest
    @CsvSource({"completions", "responses", "messages"})
    void streamWithSomethingWrong_isAnAnswerOrOneError(String api) {
        String good = api.equals("completions") ? CHUNKS : api.equals("responses") ? RESPONSE_EVENTS : MESSAGE_EVENTS;
        assertStreamsRight(call(api), good, STEP);
    }

    @ParameterizedTest
    @CsvSource({
        "openai-chat-stream-json-text, completions",
        "openai-chat-stream-refusal, completions",
        "openai-chat-stream-tool-call, completions",
        "openai-chat-stream-logprobs, completions",
        "anthropic-stream-text, messages",
        "anthropic-stream-tool-use, messages",
        "anthropic-stream-refusal, messages"
    })
    void recordedStreamWithSomethingWrong_isAnAnswerOrOneError(String file, String api) throws IOException {
        assertStreamsRight(call(api), SharedFiles.read("data/wire/" + file + ".sse"), 10 * STEP);
    }

    private void assertStreamsRight(ChatCall call, String good, int step) {
        assertThat(answer(call, good, true).block(SOON)).isNotNull();
        List<String> answers = MutatedAnswers.ofStream(good);
        answers.addAll(MutatedAnswers.ofStream(good, 1_000, new Random(7)));
        assertAllRight(call, answers, step, true);
    }

    /** Where the length ends, a model's last character may be half of one. It is paid for. */
    @ParameterizedTest
    @CsvSource({"completions, false", "responses, false", "messages, false", "completions, true", "messages, true"})
    void answerThatEndsInHalfACharacter_isAnAnswerThatCanBeStored(String api, boolean streamed) {
        String good = streamed
                ? api.equals("completions") ? CHUNKS : MESSAGE_EVENTS
                : api.equals("completions") ? COMPLETION : api.equals("responses") ? RESPONSE : MESSAGE;
        ChatResponse answer = answer(call(api), good.replace("\"Hi\"", "\"Hi\\ud83d\""), streamed)
                .block(SOON);
        assertThat(answer).isNotNull();
        assertThat(answer.text()).startsWith("Hi");
        assertThat(wrongIn(answer)).isEmpty();
    }

    /** A number that no double holds, and none in the cache: it must not become another one there. */
    @ParameterizedTest
    @CsvSource({"completions", "responses"})
    void logprobBeyondAllNumbers_isStoredAsItIsRead(String api) {
        String good = api.equals("completions") ? COMPLETION : RESPONSE;
        ChatResponse answer =
                answer(call(api), good.replace("-0.5", "-1e999"), false).block(SOON);
        assertThat(answer).isNotNull();
        assertThat(answer.choices().get(0).logprobs().get(0).logprob()).isEqualTo(-Double.MAX_VALUE);
        assertThat(wrongIn(answer)).isEmpty();
    }

    private ChatCall call(String api) {
        return api.equals("completions")
                ? openAi.chat()
                : api.equals("responses") ? openAi.responses() : anthropic.chat();
    }
}
