package io.headrace.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonSchemaTest {

    @Test
    void json_losesItsBlanksAndNothingElse() {
        assertThat(JsonSchema.of(" { \"b\" : [ 1.50 ,  20, \"\\u00e4 x\" ] ,\n \"a\" : null } ")
                        .json())
                .isEqualTo("{\"b\":[1.50,20,\"\u00e4 x\"],\"a\":null}");
    }

    @Test
    void map_keepsAnOrderThatItHas_elseNamesAreSorted() {
        Map<String, Object> ordered = new LinkedHashMap<>();
        ordered.put("z", List.of(1, 2.5, new BigDecimal("0.10"), true, "t"));
        ordered.put("a", Map.of("y", 1L, "x", 2, "w", 3));
        assertThat(JsonSchema.of(ordered).json())
                .isEqualTo("{\"z\":[1,2.5,0.10,true,\"t\"],\"a\":{\"w\":3,\"x\":2,\"y\":1}}");
    }

    @Test
    void anythingButOneObject_isRefused() {
        for (String json : List.of("", "[]", "1", "{", "{}{}", "{\"a\":}", "nope")) {
            assertThatIllegalArgumentException().as(json).isThrownBy(() -> JsonSchema.of(json));
        }
        assertThatIllegalArgumentException().isThrownBy(() -> JsonSchema.of(Map.of("a", new Object())));
    }

    @Test
    void toString_hidesTheSchema() {
        assertThat(JsonSchema.of("{\"secret\":1}").toString()).doesNotContain("secret");
    }
}
