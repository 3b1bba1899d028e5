package io.headrace.model;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.headrace.Usage;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChatCodecTest {

    private final ChatCodec codec = ChatCodec.instance();

    @Test
    void answer_comesBackWhole() {
        for (FinishReason reason : FinishReason.values()) {
            ChatResponse answer = new ChatResponse(
                    "id", "model", "\u00e4 \"\n\t\u0000 \ud83d\ude00", reason, null, new Usage(1, 2, 3, 4, 5, 6, 7));
            assertThat(codec.decode(codec.encode(answer))).isEqualTo(answer);
        }
    }

    @Test
    void refusalAndUnknownUsage_comeBack() {
        ChatResponse answer = new ChatResponse("", "", "", FinishReason.REFUSAL, "I cannot", Usage.UNKNOWN);
        assertThat(codec.decode(codec.encode(answer))).isEqualTo(answer);
    }

    @Test
    void everyKindOfPart_comesBack() {
        Choice first = new Choice(
                0,
                List.of(
                        new Part.Reasoning("r1", "so", "sig", ""),
                        new Part.Reasoning("", "", "", "secret"),
                        new Part.Text("t\n"),
                        new Part.ToolCall("c1", "f", "{\"a\":"),
                        new Part.Refusal("no")),
                FinishReason.TOOL_CALLS,
                "tool_calls",
                List.of(
                        new TokenLogprob("t", -0.25, List.of(new TokenLogprob("u", -1e-9))),
                        new TokenLogprob("\n", 0)));
        Choice second = new Choice(1, List.of(), FinishReason.LENGTH, "max", List.of());
        ChatResponse answer = new ChatResponse("i", "m", List.of(first, second), Usage.UNKNOWN, "req_1", "flex");
        byte[] bytes = codec.encode(answer);
        assertThat(codec.decode(bytes)).isEqualTo(answer);
        assertThat(new String(bytes, UTF_8)).doesNotContain("\n");
    }

    @Test
    void answerOfTheFirstVersion_isRead() {
        assertThat(
                        decode(
                                "{\"id\":\"i\",\"model\":\"m\",\"text\":\"t\",\"finishReason\":\"STOP\",\"refusal\":\"r\",\"usage\":"
                                        + "{\"inputTokens\":1,\"cachedInputTokens\":2,\"outputTokens\":3,\"reasoningTokens\":4,\"unknown\":5}}"))
                .isEqualTo(new ChatResponse("i", "m", "t", FinishReason.STOP, "r", new Usage(1, 2, 0, 0, 3, 4, 5)));
    }

    @Test
    void unknownFieldsAndValues_areTolerated() {
        ChatResponse answer = decode("{\"new\":{\"text\":[1,{\"a\":2}]},\"text\":\"t\",\"finishReason\":\"PAUSED\","
                + "\"usage\":{\"inputTokens\":3,\"audio\":{\"x\":1},\"outputTokens\":null},\"model\":7}");
        assertThat(answer).isEqualTo(new ChatResponse("", "", "t", FinishReason.OTHER, null, Usage.of(3, 0)));
    }

    @Test
    void missingFields_areEmptyAndUsageUnknown() {
        assertThat(decode("{}")).isEqualTo(new ChatResponse("", "", "", FinishReason.OTHER, null, Usage.UNKNOWN));
        assertThat(decode("{\"usage\":null}").usage()).isEqualTo(Usage.UNKNOWN);
        assertThat(decode("{\"choices\":[7,{\"parts\":[1,{\"sound\":[]},{\"text\":\"t\"}],\"logprobs\":{}}]}"))
                .isEqualTo(new ChatResponse(
                        "",
                        "",
                        List.of(
                                new Choice(0, List.of(), FinishReason.OTHER),
                                new Choice(1, List.of(new Part.Text("t")), FinishReason.OTHER)),
                        Usage.UNKNOWN));
    }

    @Test
    void everyCut_isAnError() {
        byte[] bytes = codec.encode(new ChatResponse("i", "m", "t", FinishReason.STOP, null, Usage.of(1, 2)));
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = java.util.Arrays.copyOf(bytes, length);
            assertThatIllegalArgumentException().isThrownBy(() -> codec.decode(cut));
        }
    }

    @Test
    void otherJson_isAnError() {
        for (String json : new String[] {"[]", "\"text\"", "1", "null", "<html>", "{\"text\":"}) {
            assertThatIllegalArgumentException().isThrownBy(() -> decode(json)).withMessageContaining("chat answer");
        }
    }

    private ChatResponse decode(String json) {
        return codec.decode(json.getBytes(UTF_8));
    }
}
