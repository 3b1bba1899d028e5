package io.headrace.model;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.headrace.Codec;
import io.headrace.Usage;
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
    void bytes_areTheRecordsJson() {
        ChatResponse answer = new ChatResponse("i", "m", "t", FinishReason.STOP, "r", Usage.of(1, 2));
        assertThat(Codec.json(ChatResponse.class).decode(codec.encode(answer))).isEqualTo(answer);
        assertThat(codec.decode(Codec.json(ChatResponse.class).encode(answer))).isEqualTo(answer);
        assertThat(new String(codec.encode(answer), UTF_8)).doesNotContain("\n");
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
