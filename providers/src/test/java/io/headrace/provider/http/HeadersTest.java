package io.headrace.provider.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.util.AsciiString;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HeadersTest {

    @Test
    void goodHeaders_areEncoded() {
        assertThat(Headers.encoded(Map.of("X-Team", "blue\tand, {green}")))
                .isEqualTo(Map.of(new AsciiString("X-Team"), new AsciiString("blue\tand, {green}")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"topsecret\r\nEvil: 1", "topsecret\n", "topsecret\0", "topsecreté", "topsecret\u007f"})
    void valueThatCouldEndTheHeader_isRefused_andNotShown(String value) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Headers.encoded(Map.of("X-Team", value)))
                .withMessageContaining("X-Team")
                .withMessageNotContaining("topsecret");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a:", "a\r\nb", "é"})
    void badName_isRefused(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Headers.encoded(Map.of(name, "v")))
                .withMessageContaining("no name of a header")
                .withMessageNotContaining("\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Content-Length", "transfer-encoding", "Connection"})
    void headerOfTheClient_isRefused(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Headers.encoded(Map.of(name, "1")))
                .withMessageContaining("by the HTTP client itself");
    }
}
