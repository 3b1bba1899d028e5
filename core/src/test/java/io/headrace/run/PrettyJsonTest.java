package io.headrace.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

class PrettyJsonTest {

    @Test
    void lines_areThoseOfJacksonsOwnPrinter() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("text", "a \"b\" \u00e9");
        json.put("none", null);
        json.put("empty", Map.of());
        json.put("nothing", List.of());
        json.put("numbers", List.of(1L, 2.5, new BigDecimal("0.10"), true));
        json.put("objects", List.of(Map.of("a", List.of(Map.of())), Map.of("b", Arrays.asList("x", null))));
        json.put("deep", Map.of("deeper", Map.of("deepest", List.of(List.of(1), List.of()))));
        String expected = JsonMapper.builder()
                .enable(SerializationFeature.INDENT_OUTPUT)
                .build()
                .writeValueAsString(json);
        assertThat(new String(PrettyJson.bytes(json), UTF_8)).isEqualTo(expected);
    }
}
