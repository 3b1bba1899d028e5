package io.headrace.provider.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SseParserTest {

    private static final String STREAM = """
            : keep-alive

            event: start
            data: {"a":"Grüße 🌊"}

            data:no space
            data:  two spaces
            data
            id: 7
            retry: 10
            unknown

            event: without data

            :OPENROUTER PROCESSING
            data: last

            """;

    private static final List<String> EVENTS =
            List.of("start|{\"a\":\"Grüße 🌊\"}", "|no space\n two spaces\n", "|last");

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 4096})
    void events_areTheSameHoweverTheBytesAreCut(int size) {
        for (String end : List.of("\n", "\r", "\r\n")) {
            assertThat(parse(STREAM.replace("\n", end), size))
                    .as("lines end with " + end.length() + " characters")
                    .isEqualTo(EVENTS.stream().toList());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4096})
    void byteOrderMark_isPassedOver_atTheStartOnly(int size) {
        assertThat(parse("\uFEFFdata: a\n\n\uFEFFdata: b\n\ndata: \uFEFFc\n\n", size))
                .containsExactly("|a", "|\uFEFFc");
    }

    @Test
    void everyBorder_givesTheSameEvents() {
        byte[] bytes = STREAM.replace("\n", "\r\n").getBytes(StandardCharsets.UTF_8);
        for (int border = 0; border <= bytes.length; border++) {
            List<String> events = new ArrayList<>();
            SseParser parser = new SseParser(event -> events.add(text(event)));
            parser.feed(Unpooled.wrappedBuffer(bytes, 0, border));
            parser.feed(Unpooled.wrappedBuffer(bytes, border, bytes.length - border));
            parser.end();
            assertThat(events).as("cut at " + border).isEqualTo(EVENTS);
        }
    }

    @ParameterizedTest
    @CsvSource({"'data: a', '|a'", "'data: a\n', '|a'", "'data: a\r', '|a'", "'event: x\ndata: a', 'x|a'"})
    void endOfTheStream_endsTheLastEvent(String stream, String event) {
        assertThat(parse(stream, 4096)).containsExactly(event);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n\n\n", ": comment", "event: x\n\n", "id: 1\n\n", "dat", "data\u00e9: x\n\n"})
    void streamWithoutData_hasNoEvents(String stream) {
        assertThat(parse(stream, 4096)).isEmpty();
    }

    @Test
    void emptyData_isAnEvent() {
        assertThat(parse("data:\n\ndata\n\n", 4096)).containsExactly("|", "|");
    }

    @Test
    void pieces_areNeitherKeptNorMoved() {
        ByteBuf piece =
                Unpooled.copiedBuffer("xdata: a\n\n", StandardCharsets.UTF_8).readerIndex(1);
        List<String> events = new ArrayList<>();

        new SseParser(event -> events.add(text(event))).feed(piece);

        assertThat(events).containsExactly("|a");
        assertThat(piece.readerIndex()).isEqualTo(1);
        assertThat(piece.refCnt()).isEqualTo(1);
    }

    @Test
    void longEvent_growsTheBuffers() {
        String text = "é".repeat(1 << 20);

        assertThat(parse("data: " + text + "\ndata: b\n\n", 4096)).containsExactly("|" + text + "\nb");
    }

    @ParameterizedTest
    @CsvSource({"[DONE], true", "'  [DONE] ', true", "[DONE, false", "'[DONE]\n.', false", "'', false"})
    void marker_isKnownWithWhiteSpaceRoundIt(String data, boolean isMarker) {
        byte[] bytes = data.getBytes(StandardCharsets.UTF_8);

        assertThat(new SseEvent("", bytes, bytes.length).is("[DONE]")).isEqualTo(isMarker);
    }

    private static List<String> parse(String stream, int size) {
        List<String> events = new ArrayList<>();
        SseParser parser = new SseParser(event -> events.add(text(event)));
        byte[] bytes = stream.getBytes(StandardCharsets.UTF_8);
        for (int from = 0; from < bytes.length; from += size) {
            parser.feed(Unpooled.wrappedBuffer(bytes, from, Math.min(size, bytes.length - from)));
        }
        parser.end();
        return events;
    }

    private static String text(SseEvent event) {
        return event.name() + "|" + new String(event.copyOfData(), StandardCharsets.UTF_8);
    }
}
