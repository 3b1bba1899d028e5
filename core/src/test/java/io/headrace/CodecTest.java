package io.headrace;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

class CodecTest {

    private static final Codec<String> TEXTS = Codec.json(String.class);

    record Point(int x, String name) {}

    @ParameterizedTest
    @ValueSource(
            strings = {"", "plain", "\"quoted\" \\ and\nlines\r\t", "Grüße, 世界 \uD83D\uDE80", "\u0000\u001f\u2028"})
    void texts_areWhatDataBindingWrites_andComeBack(String text) {
        byte[] json = TEXTS.encode(text);

        assertThat(JsonMapper.shared().readValue(json, String.class)).isEqualTo(text);
        assertThat(new String(json, UTF_8)).doesNotContain("\n");
        assertThat(TEXTS.decode(json)).isEqualTo(text);
        assertThat(TEXTS.decode(JsonMapper.shared().writeValueAsBytes(text))).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "5", "null", "{}", "\"cut", "\"two\" \"texts\"", "bare"})
    void whatIsNoText_isSaid(String json) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TEXTS.decode(json.getBytes(UTF_8)))
                .withMessageStartingWith("not JSON of String");
    }

    @Test
    void records_comeBack_unknownFieldsAreIgnored() {
        Codec<Point> points = Codec.json(Point.class);

        assertThat(points.decode(points.encode(new Point(3, "a")))).isEqualTo(new Point(3, "a"));
        assertThat(points.decode("{\"x\":1,\"name\":\"b\",\"z\":9}".getBytes(UTF_8)))
                .isEqualTo(new Point(1, "b"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> points.decode("[1]".getBytes(UTF_8)))
                .withMessageStartingWith("not JSON of Point");
    }

    @Test
    void lists_comeBackWithTheirElementsTypes() {
        Codec<List<Point>> lists = Codec.jsonList(Point.class);
        List<Point> points = List.of(new Point(3, "a"), new Point(4, "b"));

        assertThat(new String(lists.encode(points), UTF_8))
                .isEqualTo("[{\"x\":3,\"name\":\"a\"},{\"x\":4,\"name\":\"b\"}]");
        assertThat(lists.decode(lists.encode(points))).isEqualTo(points);
        assertThat(lists.decode("[]".getBytes(UTF_8))).isEmpty();
        assertThat(Codec.jsonList(String.class).decode("[\"a\"]".getBytes(UTF_8)))
                .containsExactly("a");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> lists.decode("[{\"x\":\"many\"}]".getBytes(UTF_8)))
                .withMessageStartingWith("not JSON of List of Point");
    }

    record Team(String name, List<Point> points) {}

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '!',
            value = {
                "{\"name\": \"a\"}      | not JSON of Point: x: Cannot map `null` into type `int`",
                "{\"x\": \"\"}          | not JSON of Point: x: Cannot coerce `null` to `int` value",
                "{\"x\": \"many\"}      | not JSON of Point: x: Cannot deserialize value of type `int` from String \"many\": not a valid `int` value",
            })
    void decode_namesTheField_andNoSettingOfJacksons(String json, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Codec.json(Point.class).decode(json.getBytes(UTF_8)))
                .withMessage(message);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Codec.jsonList(Team.class)
                        .decode(("[{\"points\": [{\"x\": 1}, " + json + "]}]").getBytes(UTF_8)))
                .withMessage(message.replace("of Point: x", "of List of Team: [0].points[1].x"));
    }
}
