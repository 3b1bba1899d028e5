package io.headrace.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.dialect.Dialects;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** The schemas of a provider's own OpenAPI description; without it beside the project a test is skipped. */
final class Schemas {

    private static final String AT = "https://provider.invalid/api";

    private final SchemaRegistry registry;

    private Schemas(String openApi) {
        registry =
                SchemaRegistry.withDialect(Dialects.getDraft202012(), builder -> builder.schemas(Map.of(AT, openApi)));
    }

    static Schemas read(String file) throws IOException {
        Path found = Stream.of(System.getenv("HEADRACE_SHARED"), "../shared", "../../shared", "../../../shared")
                .filter(Objects::nonNull)
                .map(folder -> Path.of(folder, "reference", file))
                .filter(Files::isReadable)
                .findFirst()
                .orElse(null);
        Assumptions.assumeTrue(
                found != null, "skipped: no shared/reference/" + file + " beside the project and no HEADRACE_SHARED");
        return new Schemas(Files.readString(found));
    }

    void assertConforms(String name, String json) {
        Schema schema = registry.getSchema(SchemaLocation.of(AT + "#/components/schemas/" + name));
        assertThat(schema.validate("{}", InputFormat.JSON))
                .as(name + " is found")
                .isNotEmpty();
        assertThat(schema.validate(json, InputFormat.JSON)).as(json).isEmpty();
    }
}
