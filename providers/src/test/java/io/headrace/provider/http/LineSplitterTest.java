package io.headrace.provider.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LineSplitterTest {

    private static final String TEXT = "one\n\ntwo \u00e4\r\n\r\n" + "x".repeat(9_000) + "\nlast";

    @Test
    void pieces_mayEndAnywhere() {
        List<String> whole = split(TEXT, Integer.MAX_VALUE, 1 << 20);
        assertThat(whole).containsExactly("1 one", "3 two \u00e4", "5 " + "x".repeat(9_000), "6 last");
        for (int size = 1; size < 40; size++) {
            assertThat(split(TEXT, size, 1 << 20)).isEqualTo(whole);
        }
    }

    @Test
    void endOfTheLastLine_makesNoFurther() {
        assertThat(split("one\n", 3, 100)).containsExactly("1 one");
        assertThat(split("", 3, 100)).isEmpty();
    }

    @Test
    void lineThatIsTooLong_isToldWithoutItsBytes() {
        for (int size = 1; size < 20; size++) {
            assertThat(split("ok\n" + "y".repeat(11) + "\nok\n" + "z".repeat(10), size, 10))
                    .containsExactly("1 ok", "2 too long", "3 ok", "4 " + "z".repeat(10));
        }
    }

    private static List<String> split(String text, int size, long maxBytes) {
        LineSplitter splitter = new LineSplitter(maxBytes);
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        List<BodyLine> lines = new ArrayList<>();
        for (int from = 0; from < bytes.length; from += Math.min(size, bytes.length)) {
            lines.addAll(splitter.feed(Unpooled.wrappedBuffer(bytes, from, Math.min(size, bytes.length - from))));
        }
        lines.addAll(splitter.end());
        return lines.stream()
                .map(line -> line.number() + " "
                        + (line.isTooLong() ? "too long" : new String(line.bytes(), StandardCharsets.UTF_8)))
                .toList();
    }
}
