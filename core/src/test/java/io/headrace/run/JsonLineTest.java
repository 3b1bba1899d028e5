package io.headrace.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class JsonLineTest {

    private static final String[] PIECES =
            ("a|\"|\\|/|\n|\0|\u001f|\u007f|\u0080|\u00e9|\u07ff|\u0800|\u2028|\ud7ff|\ue000|\uffff"
                            + "|\ud83d\ude00|\udbff\udfff|\ud83d|\ud83e|\udc00|\ude00")
                    .split("\\|");

    private final Random random = new Random(3);

    @Test
    void textsOfAllKinds_areReadBackAsTheyWere() {
        JsonLine line = new JsonLine();
        for (int i = 0; i < 20_000; i++) {
            String first = text();
            String second = text();
            line.begin().field("first", first).field("second", second).end();
            JsonNode read = JsonMapper.shared().readTree(new String(line.bytes(), 0, line.length(), UTF_8));
            assertThat(read.path("first").asString()).isEqualTo(first);
            assertThat(read.path("second").asString()).isEqualTo(second);
            line.reset();
        }
    }

    @Test
    void onlyWhatUtf8CannotHold_isEscaped() {
        JsonLine line = new JsonLine();
        line.begin().field("id", "\u00e9\ud83d\ude00\ude00\ud83d").end();
        assertThat(new String(line.bytes(), 0, line.length(), UTF_8))
                .isEqualTo("{\"id\":\"\u00e9\ud83d\ude00\\ude00\\ud83d\"}\n");
    }

    private String text() {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(8); i > 0; i--) {
            text.append(PIECES[random.nextInt(PIECES.length)]);
        }
        return text.toString();
    }
}
